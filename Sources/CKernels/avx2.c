#include "CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,f16c,bmi,bmi2,popcnt,lzcnt")))
#define VECTOR_BYTES 32
#include "loops.h"
#include "conversions.h"
#include "pruning.h"
#include "grids.h"
#include "blocks.h"

TARGET static void find_escapes(const uint8_t *symbols, size_t count, uint8_t first, uint64_t *bits) {
  const __m256i least = _mm256_set1_epi8((char)first);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(symbols + i));
    __m256i high = _mm256_loadu_si256((const __m256i *)(symbols + i + 32));
    uint32_t in_low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(low, least), low));
    uint32_t in_high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(high, least), high));
    bits[i / 64] = in_low | (uint64_t)in_high << 32;
  }
  if (i == count) return;
  uint64_t last = 0;
  for (size_t k = i; k < count; k++) last |= (uint64_t)(symbols[k] >= first) << (k - i);
  bits[i / 64] = last;
}

const tare_kernels *tare_kernels_avx2(void) {
  static const tare_kernels kernels = {
    .write_symbols = write_symbols, .write_plane = write_plane, .write_rest = write_rest,
    .find_escapes = find_escapes, .read_rest = read_rest, .add_symbols = add_symbols, .pack_tile = pack_tile,
    .unpack_tile = unpack_tile, .split_rotated = split_rotated,
    .join_rotated = join_rotated, .huffman_encode4 = huffman_encode4,
    .xxh3_consume = xxh3_consume, .error_sums = error_sums,
    CONVERSIONS,
    GRIDS,
    BLOCKS,
    .tally_squares = tally_squares, .count_magnitude = count_magnitude, .zero_fours = zero_fours,
  };
  __builtin_cpu_init();
  int has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi")
      && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("lzcnt");
  return has ? &kernels : NULL;
}

#else

const tare_kernels *tare_kernels_avx2(void) { return NULL; }

#endif
