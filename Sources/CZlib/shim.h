#pragma once
// Input that is not written to is `const`.
#define ZLIB_CONST
#include <zlib.h>
