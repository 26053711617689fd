#include "CStatistics.h"

#if defined(__x86_64__)

#include <string.h>

#define TARGET __attribute__((target("avx2")))
#include "statistics_loops.h"

const tare_statistics *tare_statistics_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? &functions : NULL;
}

#else

const tare_statistics *tare_statistics_avx2(void) { return NULL; }

#endif
