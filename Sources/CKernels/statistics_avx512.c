#include "CStatistics.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))

/// Whether one of 16 words is no larger.
TARGET static inline int any_at_most(const void *sixteen, uint32_t largest) {
  return _mm512_cmple_epu32_mask(_mm512_loadu_si512(sixteen), _mm512_set1_epi32((int)largest)) != 0;
}

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
