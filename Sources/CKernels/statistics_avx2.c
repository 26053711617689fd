#include "CStatistics.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma")))

/// Whether one of 16 words is no larger.
TARGET static inline int any_at_most(const void *sixteen, uint32_t largest) {
  const __m256i *halves = sixteen;
  __m256i least = _mm256_min_epu32(_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1));
  __m256i capped = _mm256_min_epu32(least, _mm256_set1_epi32((int)largest));
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(least, capped)) != 0;
}

#include "statistics_loops.h"

const tare_statistics *tare_statistics_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &functions : NULL;
}

#else

const tare_statistics *tare_statistics_avx2(void) { return NULL; }

#endif
