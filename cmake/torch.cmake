# LibTorch from the pinned wheel in .venv (or the Python in MHO_PYTHON).
#
# Only libtorch_cpu.so and libc10.so are linked: the wheel's own find_package(Torch) demands a CUDA
# toolkit when the wheel is a CUDA build, which is what a plain `pip install torch` gives.
set(MHO_PYTHON "${PROJECT_SOURCE_DIR}/.venv/bin/python" CACHE FILEPATH "Python that has torch")
if(EXISTS ${MHO_PYTHON})
  execute_process(
    COMMAND ${MHO_PYTHON} -c
      "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE MHO_TORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT MHO_TORCH_ROOT)
  message(FATAL_ERROR "LibTorch not found: ${MHO_PYTHON} has no package `torch`. Run `make deps`, "
    "set MHO_PYTHON, or configure with -DMHO_WITH_TORCH=OFF (builds everything except `mho train`).")
endif()
message(STATUS "LibTorch: ${MHO_TORCH_ROOT}")

add_library(mho_torch INTERFACE)
# -idirafter: torch ships its own fmt and dnnl headers, which must never win over the system's.
target_compile_options(mho_torch INTERFACE
  "SHELL:-idirafter ${MHO_TORCH_ROOT}/include"
  "SHELL:-idirafter ${MHO_TORCH_ROOT}/include/torch/csrc/api/include"
  -D_GLIBCXX_USE_CXX11_ABI=1)
target_link_libraries(mho_torch INTERFACE
  ${MHO_TORCH_ROOT}/lib/libtorch_cpu.so ${MHO_TORCH_ROOT}/lib/libc10.so)
target_link_options(mho_torch INTERFACE "-Wl,-rpath,${MHO_TORCH_ROOT}/lib")

mho_sources(nn_sources nn)
add_library(mho_nn STATIC ${nn_sources})
mho_unity(mho_nn 60 ${nn_sources})
target_link_libraries(mho_nn PUBLIC mho_core mho_torch
  PRIVATE nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)
# Torch headers trip some of the warnings of the core; -idirafter does not mark them as system.
target_compile_options(mho_nn PRIVATE -Wno-pedantic -Wno-shadow -Wno-old-style-cast
  -Wno-unused-parameter -Wno-overloaded-virtual -Wno-non-virtual-dtor -Wno-deprecated-declarations
  -Wno-extra -Wno-error=sign-compare)
if(MHO_SANITIZE_TORCH)
  target_compile_options(mho_nn PRIVATE -fsanitize=${MHO_SANITIZE_TORCH} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=undefined -O1)
  target_link_options(mho_nn INTERFACE -fsanitize=${MHO_SANITIZE_TORCH})
endif()

# Studies that train networks.
mho_sources(studies_sources studies)
add_library(mho_studies STATIC ${studies_sources})
mho_unity(mho_studies 60 ${studies_sources})
target_link_libraries(mho_studies PUBLIC mho_nn PRIVATE fmt::fmt Threads::Threads)
