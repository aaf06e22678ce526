# Fuzzers of everything that reads a file: tests/fuzz/fuzz_NAME.cc with seeds in tests/fuzz/corpus/NAME.
# They need clang (libFuzzer); preset `fuzz`, `make fuzz`.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.cc)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE mho_cli)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
