# Writes OUTPUT: a C++ source whose FUNCTION (of NAMESPACE, declared in HEADER) gives every TOML file of FOLDER as
# TYPE{name, text}, in the order of their names.
file(GLOB files ${FOLDER}/*.toml)
list(SORT files)
set(body "")
foreach(path IN LISTS files)
  cmake_path(GET path FILENAME name)
  file(READ ${path} text)
  string(APPEND body "    {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::vector<${TYPE}> ${FUNCTION}() {
  return {
${body}  };
}

}  // namespace ${NAMESPACE}
")
