# Writes OUTPUT: a C++ file with the text of every JSON file in FOLDER, FOLDER/devices,
# FOLDER/training and FOLDER/cost as a raw string.
set(text "// Generated from presets/.\n#include \"mho/net/presets.h\"\n\nnamespace mho {\n")
string(APPEND text "const std::vector<EmbeddedPreset>& embedded_presets() {\n")
string(APPEND text "    static const std::vector<EmbeddedPreset> presets = {\n")
foreach(kind kHardware kDevice kTraining kCost)
  set(folder_kHardware ${FOLDER})
  set(folder_kDevice ${FOLDER}/devices)
  set(folder_kTraining ${FOLDER}/training)
  set(folder_kCost ${FOLDER}/cost)
  file(GLOB files ${folder_${kind}}/*.json)
  list(SORT files)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    # file(READ) keeps brackets and semicolons intact as long as the value is only ever quoted.
    file(READ ${file} content)
    string(APPEND text
      "        {PresetKind::${kind}, \"${name}\", R\"__preset__(${content})__preset__\"},\n")
  endforeach()
endforeach()
string(APPEND text "    };\n    return presets;\n}\n}  // namespace mho\n")
file(WRITE ${OUTPUT} "${text}")
