# The program `mho`: one file per command.
mho_sources(cli_sources cli)
list(FILTER cli_sources EXCLUDE REGEX "/(main|command_train|learning_stage)\\.cc$")
add_library(mho_cli STATIC ${cli_sources})
mho_unity(mho_cli 290 ${cli_sources})
mho_light(mho_cli -Og)
target_link_libraries(mho_cli PUBLIC mho_core
  PRIVATE nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)
# The Python module links it, too.
set_target_properties(mho_cli PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(mho_cli SYSTEM PRIVATE ${MHO_CLI11_INCLUDE})

add_executable(mho src/mho/cli/main.cc)
target_include_directories(mho SYSTEM PRIVATE ${MHO_CLI11_INCLUDE})
target_link_libraries(mho PRIVATE mho_cli fmt::fmt nlohmann_json::nlohmann_json)
if(MHO_WITH_TORCH)
  target_sources(mho PRIVATE src/mho/cli/command_train.cc src/mho/cli/learning_stage.cc)
  target_link_libraries(mho PRIVATE mho_nn mho_studies)
  target_compile_definitions(mho PRIVATE MHO_WITH_TORCH=1)
endif()
