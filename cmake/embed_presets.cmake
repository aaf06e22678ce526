# Writes OUTPUT: a C++ file with the text of every JSON file in FOLDER as a raw string.
file(GLOB files ${FOLDER}/*.json)
list(SORT files)
set(text "// Generated from presets/*.json.\n#include \"mho/net/presets.h\"\n\nnamespace mho {\n")
string(APPEND text "const std::vector<EmbeddedPreset>& embedded_presets() {\n")
string(APPEND text "    static const std::vector<EmbeddedPreset> presets = {\n")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  # file(READ) keeps brackets and semicolons intact as long as the value is only ever quoted.
  file(READ ${file} content)
  string(APPEND text "        {\"${name}\", R\"__preset__(${content})__preset__\"},\n")
endforeach()
string(APPEND text "    };\n    return presets;\n}\n}  // namespace mho\n")
file(WRITE ${OUTPUT} "${text}")
