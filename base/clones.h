// Loops that the compiler vectorises, compiled for several instruction sets; the loader picks the machine's best.
#pragma once

// Sanitizers instrument the resolvers of cloned functions, which run before the sanitizer's own start: plain there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MTLGRID_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define MTLGRID_CLONES
#endif
