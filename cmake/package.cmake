# `cmake --install`, and a Debian package by `cpack` in the build folder.

include(GNUInstallDirs)
install(TARGETS pgvigil RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)
install(DIRECTORY docs/ TYPE DOC FILES_MATCHING PATTERN "*.md")
install(DIRECTORY deploy/sql deploy/prometheus deploy/grafana/dashboards DESTINATION ${CMAKE_INSTALL_DATADIR}/pgvigil)
install(FILES deploy/systemd/pgvigil.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/pgvigil.toml DESTINATION /etc/pgvigil)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pgvigil)
set(CPACK_PACKAGE_CONTACT "pgvigil's developers <pgvigil@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measures a Postgres server, judges it and tells the person on call")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/deploy/debian/postinst;${PROJECT_SOURCE_DIR}/deploy/debian/prerm;${PROJECT_SOURCE_DIR}/deploy/debian/postrm;${PROJECT_SOURCE_DIR}/deploy/debian/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
