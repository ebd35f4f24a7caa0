# Writes OUTPUT: a C++ source that holds every definition file of FOLDER as a raw string.
file(GLOB files ${FOLDER}/*.toml)
list(SORT files)
set(body "")
foreach(path IN LISTS files)
  cmake_path(GET path FILENAME name)
  file(READ ${path} text)
  string(APPEND body "    {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"collectors/catalog.h\"

namespace pgvigil::collectors {

std::vector<DefinitionFile> builtin_definition_files() {
  return {
${body}  };
}

}  // namespace pgvigil::collectors
")
