# Headers of libraries that most sources include, compiled once and not once a source (docs/building.md has the times). A
# source still includes what it uses: `make check` looks at each alone and shows what is missing.

option(MTLGRID_PRECOMPILE "Compile the headers of libraries that most sources include once" ON)
# What a source costs is mostly what its headers make the compiler instantiate, and sources of a room use the same.
option(MTLGRID_UNITY "Compile the sources of a library or a test program eight at a time" ON)
set(CMAKE_UNITY_BUILD ${MTLGRID_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
if(MTLGRID_UNITY)
  # It is about headers, and takes sources that are compiled together for such.
  target_compile_options(mtlgrid_settings INTERFACE -Wno-subobject-linkage)
endif()

# mtlgrid_precompiled(NAME HEADERS... LIBS... OPTIONS...): a set of headers, compiled with these options.
function(mtlgrid_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS;OPTIONS" ${ARGN})
  set(source "${CMAKE_BINARY_DIR}/precompiled_${name}.cpp")  # a target needs one
  file(CONFIGURE OUTPUT "${source}" CONTENT "")
  add_library(mtlgrid_precompiled_${name} OBJECT EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(mtlgrid_precompiled_${name} PRIVATE mtlgrid_settings ${ARG_LIBS})
  target_compile_options(mtlgrid_precompiled_${name} PRIVATE ${ARG_OPTIONS} -fpch-preprocess)
  target_precompile_headers(mtlgrid_precompiled_${name} PRIVATE ${ARG_HEADERS})
endfunction()

# mtlgrid_use_precompiled(TARGET rooms|tests TORCH): the target's sources begin with that set, and torch's headers if TORCH.
# Not those of mtlgrid_source_options().
function(mtlgrid_use_precompiled target set torch)
  if(MTLGRID_PRECOMPILE)
    if(torch)
      string(PREPEND set torch_)
    endif()
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # without it ccache does not keep such sources
    target_precompile_headers(${target} REUSE_FROM mtlgrid_precompiled_${set})
  endif()
endfunction()

# mtlgrid_source_options(FILE OPTION...): compile options of one source. It is compiled alone, and without precompiled headers,
# which were compiled with other options.
function(mtlgrid_source_options file)
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${ARGN}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

if(MTLGRID_PRECOMPILE)
  set(standard <algorithm> <cmath> <cstdint> <filesystem> <functional> <map> <memory> <optional> <set> <span> <string>
    <string_view> <utility> <variant> <vector> <fmt/format.h> <nlohmann/json.hpp>)
  set(tests <chrono> <fstream> <gmock/gmock.h> <gtest/gtest.h>)
  set(torch <ATen/core/Tensor.h> <ATen/Parallel.h> <ATen/TensorOperators.h> <ATen/ops/empty.h> <ATen/ops/zeros.h>)
  mtlgrid_precompiled(rooms HEADERS ${standard})
  mtlgrid_precompiled(tests HEADERS ${standard} ${tests} LIBS GTest::gmock OPTIONS ${MTLGRID_TEST_OPTIONS})
  if(MTLGRID_TRAINER)
    mtlgrid_precompiled(torch_rooms HEADERS ${standard} ${torch} LIBS mtlgrid::torch)
    mtlgrid_precompiled(torch_tests HEADERS ${standard} ${tests} ${torch} LIBS GTest::gmock mtlgrid::torch
      OPTIONS ${MTLGRID_TEST_OPTIONS})
  endif()
endif()
