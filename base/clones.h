// MTLGRID_CLONES before a function with loops that the compiler vectorises: it is compiled for several instruction
// sets, and the loader picks the best that the machine has. Sums may be rounded differently on each (fused
// multiply-add), so results are bit-equal only between CPUs of one type, unless compiled with -ffp-contract=off.
#pragma once

// Not under AddressSanitizer: it instruments the resolvers of clones, which run before the sanitizer has started.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MTLGRID_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define MTLGRID_CLONES
#endif
