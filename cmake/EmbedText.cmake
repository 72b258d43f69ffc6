# Writes OUT, a header with the text of IN as `inline constexpr char NAME[]`.
#   cmake -DIN=file -DOUT=file.h -DNAME=kName -P EmbedText.cmake
file(READ "${IN}" _text)
file(WRITE "${OUT}" "#pragma once\ninline constexpr char ${NAME}[] = R\"mtlgrid(${_text})mtlgrid\";\n")
