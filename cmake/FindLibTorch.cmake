# Imports LibTorch as the target mtlgrid::torch, RPATH included.
#
# LIBTORCH names a folder in any of the three shapes LibTorch comes in: the target folder of PyPI's wheel (it has
# torch/lib), the unpacked zip of pytorch.org or an installed Python package (both have lib and include). The config
# package of the wheel is not used: it wants a CUDA toolkit even for CPU use. libtorch_cuda is linked only where the
# libraries it needs are beside it (LibTorch_CUDA_FOUND, with CUDA's headers in LibTorch_CUDA_INCLUDE).
set(LIBTORCH "${CMAKE_SOURCE_DIR}/.deps/libtorch" CACHE PATH "LibTorch: wheel target folder, unpacked zip, or torch package")

find_path(LibTorch_ROOT_DIR include/ATen/ATen.h HINTS "${LIBTORCH}/torch" "${LIBTORCH}" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_C10_LIBRARY c10 HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)

if(EXISTS "${LibTorch_ROOT_DIR}/include/torch/headeronly/version.h")
  set(_version_file "${LibTorch_ROOT_DIR}/include/torch/headeronly/version.h")
else()
  set(_version_file "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include/torch/version.h")
endif()
if(EXISTS "${_version_file}")
  file(STRINGS "${_version_file}" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "set -DLIBTORCH=FOLDER, or run cmake/install_libtorch.sh .deps/libtorch")

if(LibTorch_FOUND AND NOT TARGET mtlgrid::torch)
  set(_nvidia "${LibTorch_ROOT_DIR}/../nvidia")
  file(GLOB _rpath LIST_DIRECTORIES true "${_nvidia}/*/lib")
  find_library(LibTorch_CUDA_LIBRARY torch_cuda HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)
  find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)
  find_path(LibTorch_CUDA_INCLUDE crt/host_defines.h HINTS "${_nvidia}/cu13/include" ENV CUDA_HOME PATH_SUFFIXES include
    NO_CACHE)
  file(GLOB _cublas "${_nvidia}/cu13/lib/libcublas.so*" "${LibTorch_ROOT_DIR}/lib/libcublas*")
  set(LibTorch_CUDA_FOUND OFF)
  if(LibTorch_CUDA_LIBRARY AND LibTorch_C10_CUDA_LIBRARY AND LibTorch_CUDA_INCLUDE AND _cublas)
    set(LibTorch_CUDA_FOUND ON)
  endif()

  add_library(mtlgrid::torch INTERFACE IMPORTED)
  target_include_directories(mtlgrid::torch SYSTEM INTERFACE "${LibTorch_ROOT_DIR}/include"
    "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  # Among torch's headers are those of another fmt, without its library.
  target_compile_definitions(mtlgrid::torch INTERFACE FMT_HEADER_ONLY=1)
  target_link_libraries(mtlgrid::torch INTERFACE "${LibTorch_CPU_LIBRARY}" "${LibTorch_C10_LIBRARY}")
  target_link_options(mtlgrid::torch INTERFACE "LINKER:-rpath,${LibTorch_ROOT_DIR}/lib")
  # at::parallel_for is a template: compiled without OpenMP it runs on one thread, and says nothing. The runtime is
  # LibTorch's own, so that there is one pool of threads.
  target_compile_options(mtlgrid::torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
  file(GLOB _gomp "${LibTorch_ROOT_DIR}/lib/libgomp*.so*")
  if(_gomp)
    list(GET _gomp 0 _gomp)
    target_link_libraries(mtlgrid::torch INTERFACE "${_gomp}")
  else()
    target_link_options(mtlgrid::torch INTERFACE -fopenmp)
  endif()
  foreach(_folder IN LISTS _rpath)
    target_link_options(mtlgrid::torch INTERFACE "LINKER:-rpath,${_folder}" "LINKER:-rpath-link,${_folder}")
  endforeach()
  if(LibTorch_CUDA_FOUND)
    # Kept even if no symbol of it is used: its static constructors register the CUDA kernels.
    target_link_libraries(mtlgrid::torch INTERFACE "${LibTorch_C10_CUDA_LIBRARY}"
      "-Wl,--no-as-needed,${LibTorch_CUDA_LIBRARY},--as-needed")
  endif()
endif()
