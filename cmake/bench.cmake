# Benchmarks: separate executables in bench/. The yardstick of the kernels is oneDNN, which must never
# be linked beside LibTorch (its symbols clash with the copy inside torch): that program links the
# core only, the one that measures training links LibTorch.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short HEAD
  OUTPUT_VARIABLE MHO_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE no_commit)
if(no_commit)
  set(MHO_COMMIT "unknown")
endif()

add_library(mho_bench STATIC bench/common.cc)
target_link_libraries(mho_bench PUBLIC mho_core PRIVATE nlohmann_json::nlohmann_json fmt::fmt)
target_compile_definitions(mho_bench PRIVATE MHO_BENCH_JSON="${CMAKE_BINARY_DIR}/bench.json"
  MHO_BENCH_FLAGS="${CMAKE_CXX_FLAGS_RELEASE} -march=x86-64-v3" MHO_BENCH_COMMIT="${MHO_COMMIT}")

find_library(MHO_DNNL_LIBRARY dnnl)
find_path(MHO_DNNL_INCLUDE dnnl.hpp)
if(MHO_DNNL_LIBRARY AND MHO_DNNL_INCLUDE)
  add_executable(bench_kernels bench/bench_kernels.cc)
  target_include_directories(bench_kernels SYSTEM PRIVATE ${MHO_DNNL_INCLUDE})
  target_link_libraries(bench_kernels PRIVATE mho_bench fmt::fmt OpenMP::OpenMP_CXX
    ${MHO_DNNL_LIBRARY})
else()
  message(STATUS "Benchmarks against oneDNN: skipped (no libdnnl)")
endif()

foreach(name bench_evaluate bench_updates bench_wires)
  add_executable(${name} bench/${name}.cc)
  target_link_libraries(${name} PRIVATE mho_bench fmt::fmt)
endforeach()

target_sources(bench_updates PRIVATE bench/law_errors.cc)

if(MHO_WITH_TORCH)
  add_executable(bench_train bench/bench_train.cc)
  target_link_libraries(bench_train PRIVATE mho_bench mho_nn fmt::fmt)
  target_compile_options(bench_train PRIVATE -Wno-pedantic -Wno-shadow -Wno-old-style-cast
    -Wno-unused-parameter -Wno-overloaded-virtual -Wno-non-virtual-dtor
    -Wno-deprecated-declarations -Wno-extra)
endif()
