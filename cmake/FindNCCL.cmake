# Imports NCCL's header as the target mtlgrid::nccl, which also says where its library was found. Programs open the
# library when they run and never link it, so that they start on machines without it.
#
# Looked for in LibTorch's folder, where PyPI's wheel nvidia-nccl-cu13 puts both, then on the system. CUDA's headers,
# which NCCL's includes, are replaced by the one declaration that is needed (cuda_types).
set(_wheel "${LibTorch_ROOT_DIR}/../nvidia/nccl")
find_path(NCCL_INCLUDE nccl.h HINTS "${_wheel}/include")
find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR HINTS "${_wheel}/lib" PATHS /usr/local/cuda/lib64 /usr/local/cuda/lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NCCL REQUIRED_VARS NCCL_INCLUDE
  REASON_FAILURE_MESSAGE "built without: features are always read from files")

if(NCCL_FOUND AND NOT TARGET mtlgrid::nccl)
  add_library(mtlgrid::nccl INTERFACE IMPORTED)
  target_include_directories(mtlgrid::nccl SYSTEM INTERFACE "${CMAKE_CURRENT_LIST_DIR}/cuda_types" "${NCCL_INCLUDE}")
  target_compile_definitions(mtlgrid::nccl INTERFACE MTLGRID_HAVE_NCCL
    MTLGRID_NCCL_LIBRARY="$<IF:$<BOOL:${NCCL_LIBRARY}>,${NCCL_LIBRARY},libnccl.so>")
endif()
