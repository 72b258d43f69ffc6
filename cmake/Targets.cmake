# How a folder of the house becomes a library, and a file of tests a test program.

# Tests need not be fast, but there are many: half the time of compiling them with -O3. A sanitizer's build has its own.
set(MTLGRID_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)
include(Precompiled)

# Counts which code an input reaches, for the fuzz targets; elsewhere it does nothing. Without the sanitizers: it is called at
# every edge.
if(MTLGRID_SANITIZE)
  add_library(mtlgrid_coverage STATIC "${CMAKE_SOURCE_DIR}/tests/fuzz/coverage.cpp")
  target_include_directories(mtlgrid_coverage PUBLIC "${CMAKE_SOURCE_DIR}")
  target_compile_options(mtlgrid_coverage PRIVATE -O2)
endif()

# mtlgrid_room([TORCH] SOURCES... LIBS...): the folder it is called in as a static library, with the project's warnings as
# errors. results/store becomes mtlgrid_results_store. TORCH: it links torch.
function(mtlgrid_room)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LIBS" ${ARGN})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE room)
  string(REPLACE "/" "_" room "${room}")
  add_library(mtlgrid_${room} STATIC ${ARG_SOURCES})
  target_link_libraries(mtlgrid_${room} PUBLIC mtlgrid_settings ${ARG_LIBS})
  mtlgrid_use_precompiled(mtlgrid_${room} rooms ${ARG_TORCH})
  if(MTLGRID_SANITIZE AND NOT ARG_TORCH)
    target_compile_options(mtlgrid_${room} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize-coverage=trace-pc>)
    target_link_libraries(mtlgrid_${room} PUBLIC mtlgrid_coverage)
  endif()
endfunction()

# mtlgrid_test(NAME [TORCH] SOURCES... LIBS...): a GoogleTest program; each TEST is a ctest test named NAME/Suite.Case.
function(mtlgrid_test name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LIBS" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE
    MTLGRID_FIXTURES="${CMAKE_CURRENT_SOURCE_DIR}/fixtures" MTLGRID_SOURCE="${CMAKE_SOURCE_DIR}"
    MTLGRID_ORACLE="${CMAKE_SOURCE_DIR}/tests/oracle/fixtures"
    MTLGRID_BUILD="${CMAKE_BINARY_DIR}")
  target_compile_options(test_${name} PRIVATE ${MTLGRID_TEST_OPTIONS})
  mtlgrid_use_precompiled(test_${name} tests ${ARG_TORCH})
  # Listing tests starts the program, whose libraries (5 GB with CUDA) a cold disk takes a while to bring.
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}/" NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 300 PROPERTIES TIMEOUT 600)
endfunction()

# mtlgrid_bench(NAME [TORCH] SOURCES... LIBS... [YARDSTICK DRIVER.py]): a program under build/bench that prints ratios; run
# by the target `bench`. With a driver that is run instead: it times the program and a yardstick in Python in turns.
function(mtlgrid_bench name)
  cmake_parse_arguments(ARG "TORCH" "YARDSTICK" "SOURCES;LIBS" ${ARGN})
  add_executable(bench_${name} ${ARG_SOURCES})
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
  target_link_libraries(bench_${name} PRIVATE ${ARG_LIBS})
  mtlgrid_use_precompiled(bench_${name} rooms ${ARG_TORCH})
  find_package(Python3 COMPONENTS Interpreter)
  if(ARG_YARDSTICK AND Python3_FOUND)
    add_custom_target(run_bench_${name} COMMAND ${CMAKE_COMMAND} -E env MTLGRID_BUILD=${CMAKE_BINARY_DIR}
      ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_YARDSTICK} USES_TERMINAL)
    add_dependencies(run_bench_${name} bench_${name})
  else()
    add_custom_target(run_bench_${name} COMMAND bench_${name} USES_TERMINAL)
  endif()
  add_dependencies(bench run_bench_${name})
endfunction()
