# The Python package: bindings (nanobind), their typed stubs, and the configuration dataclasses, which
# are generated from the same reflection that reads JSON. Split mode: the module is tied to no
# version of Python (abi3), the package `nanobind-backend` brings the rest at run time.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module
  OPTIONAL_COMPONENTS Development.SABIModule)
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir
  OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE)
find_package(nanobind CONFIG REQUIRED)

file(GLOB MHO_BINDINGS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/src/*.cc)
nanobind_add_module(_core BACKEND_MODULE nanobind_backend STABLE_ABI NB_SUPPRESS_WARNINGS NOMINSIZE
  ${MHO_BINDINGS})
mho_unity(_core 55 ${MHO_BINDINGS})
mho_light(_core -Og)
target_compile_options(_core PRIVATE -Wno-pedantic -Wno-shadow -Wno-old-style-cast -Wno-extra
  -Wno-overloaded-virtual -Wno-non-virtual-dtor -Wno-null-dereference)
target_compile_definitions(_core PRIVATE MHO_VERSION="${PROJECT_VERSION}")
target_link_libraries(_core PRIVATE mho_cli mho_core nlohmann_json::nlohmann_json fmt::fmt)
set(MHO_PYTHON_OUT ${CMAKE_BINARY_DIR}/python)
set_target_properties(_core PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${MHO_PYTHON_OUT}
  CXX_VISIBILITY_PRESET hidden)

# config.py: dataclasses with the meaning, unit, range and source of every parameter.
set(generator ${PROJECT_SOURCE_DIR}/python/tools/generate_config.py)
add_custom_command(OUTPUT ${MHO_PYTHON_OUT}/config.py
  COMMAND ${Python_EXECUTABLE} ${generator} ${MHO_PYTHON_OUT} ${MHO_PYTHON_OUT}/config.py
  DEPENDS _core ${generator})
nanobind_add_stub(core_stub MODULE _core OUTPUT ${MHO_PYTHON_OUT}/_core.pyi
  PYTHON_PATH ${MHO_PYTHON_OUT} DEPENDS _core)
add_custom_target(python_package DEPENDS _core core_stub ${MHO_PYTHON_OUT}/config.py)

install(TARGETS _core LIBRARY DESTINATION mho COMPONENT python)
install(FILES ${MHO_PYTHON_OUT}/config.py ${MHO_PYTHON_OUT}/_core.pyi DESTINATION mho
  COMPONENT python)
