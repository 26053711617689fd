#include "CStatistics.h"

#if defined(__x86_64__)

#include <string.h>

#define TARGET __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl")))
#include "statistics_loops.h"

const tare_statistics *tare_statistics_avx512(void) {
  __builtin_cpu_init();
  int has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has ? &functions : NULL;
}

#else

const tare_statistics *tare_statistics_avx512(void) { return NULL; }

#endif
