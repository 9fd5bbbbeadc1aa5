# SPDX-License-Identifier: GPL-3.0-or-later
# The languages of the window, compiled into the program. English holds only the plurals.
set(SY_TS_FILES ${CMAKE_SOURCE_DIR}/translations/switchyard_en.ts ${CMAKE_SOURCE_DIR}/translations/switchyard_zh_CN.ts)
qt_add_lrelease(sy_app TS_FILES ${SY_TS_FILES} QM_FILES_OUTPUT_VARIABLE SY_QM_FILES)
qt_add_resources(sy_app i18n PREFIX /i18n BASE ${CMAKE_CURRENT_BINARY_DIR} FILES ${SY_QM_FILES})
