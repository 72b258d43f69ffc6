# Writes the commit that a build is of, as the source of orchestrator/commands/commit.h; at every build, and only if it changed:
#   cmake -D SOURCE=FOLDER -D OUT=FILE.cpp -P WriteCommit.cmake
# Where SOURCE is not a checkout of its own (an unpacked archive, also below somebody else's checkout), git archive has put the
# commit into cmake/commit.txt; in other archives it is unknown.
find_program(GIT git)

function(ask_git out)
  set(${out} "" PARENT_SCOPE)
  if(GIT)
    execute_process(COMMAND "${GIT}" -c safe.directory=* -C "${SOURCE}" ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status
      ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(status EQUAL 0)
      set(${out} "${text}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

set(commit "unknown: built without git")
ask_git(top rev-parse --show-cdup)  # empty at the top, and without a repository
ask_git(head rev-parse --short=12 HEAD)
ask_git(ours ls-files CMakeLists.txt)
if(head AND ours AND NOT top)
  ask_git(changes status --porcelain --untracked-files=no)
  set(commit "${head}")
  if(changes)
    string(APPEND commit ", with changes")
  endif()
elseif(EXISTS "${SOURCE}/cmake/commit.txt")
  file(STRINGS "${SOURCE}/cmake/commit.txt" archived REGEX "^[0-9a-f]+$")
  if(archived)
    string(SUBSTRING "${archived}" 0 12 commit)
  endif()
endif()

set(text "#include \"orchestrator/commands/commit.h\"\n\nnamespace mtlgrid {\n\nstd::string_view source_commit() { return \"${commit}\"; }\n\n}  // namespace mtlgrid\n")
set(before "")
if(EXISTS "${OUT}")
  file(READ "${OUT}" before)
endif()
if(NOT before STREQUAL text)
  file(WRITE "${OUT}" "${text}")
endif()
