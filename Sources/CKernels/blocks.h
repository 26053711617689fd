// Blocks of 32 numbers with one scale, compiled anew for each instruction set by the file that includes this one behind
// grids.h. The order of every operation counts for the last bit: nothing here may be contracted to a fused one.

enum { BLOCK_NUMBERS = 32, INFINITE = 0x7F800000 };

/// The bits of the largest magnitude of a block.
TARGET static inline uint32_t largest_magnitude(const uint8_t *numbers) {
  words_32 largest = {0};
  for (size_t i = 0; i < BLOCK_NUMBERS; i += LANES_32)
    largest = __builtin_elementwise_max(largest, load_singles(numbers + 4 * i, LANES_32) & 0x7FFFFFFF);
  return __builtin_reduce_max(largest);
}

/// The place of the first number of that magnitude.
TARGET static inline size_t first_place(const uint8_t *numbers, uint32_t magnitude) {
  words_32 lanes;
  for (uint32_t lane = 0; lane < LANES_32; lane++) lanes[lane] = lane;
  words_32 first = (words_32){0} + BLOCK_NUMBERS;
  for (uint32_t i = 0; i < BLOCK_NUMBERS; i += LANES_32) {
    words_32 is_it = (words_32)((load_singles(numbers + 4 * i, LANES_32) & 0x7FFFFFFF) == magnitude);
    first = __builtin_elementwise_min(first, ((lanes + i) & is_it) | (BLOCK_NUMBERS & ~is_it));
  }
  return __builtin_reduce_min(first);
}

TARGET static inline float single_of(uint32_t bits) {
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

TARGET static inline void store_half(uint8_t *to, float number) {
  uint16_t half = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(number), _MM_FROUND_TO_NEAREST_INT), 0);
  memcpy(to, &half, sizeof half);
}

/// Halves away from zero; 0 of what is not finite.
TARGET static inline words_32 rounded_away(singles numbers) {
  singles magnitude = magnitudes(numbers);
  singles shifted = magnitude + 0x1p23f;
  words_32 nearest = (words_32)shifted & 0x3FFFFF;
  words_32 away = nearest - (words_32)(magnitude - (shifted - 0x1p23f) == 0.5f);
  words_32 sign = (words_32)(numbers < 0);
  return (away ^ sign) - sign;
}

/// Down; 0 of what is not finite.
TARGET static inline words_32 truncated(singles numbers) {
  singles shifted = numbers + 0x1p23f;
  return ((words_32)shifted & 0x3FFFFF) + (words_32)(shifted - 0x1p23f > numbers);
}

TARGET static size_t quantize_q8_0(const void *source, size_t blocks, uint8_t *target) {
  const uint8_t *from = source;
  for (size_t block = 0; block < blocks; block++, from += 4 * BLOCK_NUMBERS, target += 34) {
    uint32_t largest = largest_magnitude(from);
    if (largest >= INFINITE) return block;
    float d = single_of(largest) / 127;
    float inverse = d == 0 ? 0 : 1 / d;
    store_half(target, d);
    for (size_t i = 0; i < BLOCK_NUMBERS; i += LANES_32)
      store_bytes_32(
          target + 2 + i, rounded_away((singles)load_singles(from + 4 * i, LANES_32) * inverse), LANES_32);
  }
  return blocks;
}

TARGET static size_t quantize_q4_0(const void *source, size_t blocks, uint8_t *target) {
  const uint8_t *from = source;
  for (size_t block = 0; block < blocks; block++, from += 4 * BLOCK_NUMBERS, target += 18) {
    uint32_t largest = largest_magnitude(from);
    if (largest >= INFINITE) return block;
    float leading;
    memcpy(&leading, from + 4 * first_place(from, largest), sizeof leading);
    float d = leading / -8;
    float inverse = d == 0 ? 0 : 1 / d;
    store_half(target, d);
    for (size_t i = 0; i < BLOCK_NUMBERS / 2; i += LANES_32) {
      words_32 low = truncated((singles)load_singles(from + 4 * i, LANES_32) * inverse + 8.5f);
      words_32 high = truncated((singles)load_singles(from + 4 * i + 64, LANES_32) * inverse + 8.5f);
      words_32 most = (words_32){0} + 15;
      words_32 pair = __builtin_elementwise_min(low, most) | (__builtin_elementwise_min(high, most) << 4);
      store_bytes_32(target + 2 + i, pair, LANES_32);
    }
  }
  return blocks;
}

/// The first of the zeros of a block, of either sign; there is one.
TARGET static inline float first_zero(const uint8_t *numbers) {
  float number;
  do {
    memcpy(&number, numbers, sizeof number);
    numbers += sizeof number;
  } while (number != 0);
  return number;
}

/// The extremes of a block, the first of equals: 0 and -0 are equal.
TARGET static inline void extremes(const uint8_t *numbers, float *least, float *most) {
  float low, high;
  memcpy(&low, numbers, sizeof low);
  high = low;
  singles lows = ALL_SINGLES(low), highs = ALL_SINGLES(high);
  for (size_t i = 0; i < BLOCK_NUMBERS; i += LANES_32) {
    singles some = (singles)load_singles(numbers + 4 * i, LANES_32);
    words_32 is_lower = (words_32)(some < lows), is_higher = (words_32)(some > highs);
    lows = (singles)(((words_32)some & is_lower) | ((words_32)lows & ~is_lower));
    highs = (singles)(((words_32)some & is_higher) | ((words_32)highs & ~is_higher));
  }
  for (size_t lane = 0; lane < LANES_32; lane++) {
    if (lows[lane] < low) low = lows[lane];
    if (highs[lane] > high) high = highs[lane];
  }
  *least = low == 0 ? first_zero(numbers) : low;
  *most = high == 0 ? first_zero(numbers) : high;
}

/// The codes of a block: ((number - least) * inverse + add) rounded down, at most `most`.
TARGET static inline void set_codes(
    const uint8_t *numbers, float least, float inverse, float add, uint32_t most, uint8_t *codes) {
  for (size_t i = 0; i < BLOCK_NUMBERS; i += LANES_32) {
    singles some = (singles)load_singles(numbers + 4 * i, LANES_32);
    words_32 code = truncated((some - least) * inverse + add);
    store_bytes_32(codes + i, __builtin_elementwise_min(code, (words_32){0} + most), LANES_32);
  }
}

TARGET static inline void join_halves(const uint8_t *codes, uint8_t *target) {
  for (size_t i = 0; i < 16; i++) target[i] = (uint8_t)((codes[i] & 15) | codes[16 + i] << 4);
}

TARGET static inline void join_fives(const uint8_t *codes, uint8_t *target) {
  uint32_t high = 0;
  for (uint32_t i = 0; i < 32; i++) high |= (uint32_t)(codes[i] >> 4) << i;
  memcpy(target, &high, sizeof high);
  join_halves(codes, target + 4);
}

/// Q4_1 and Q5_1, of 16 and 32 levels.
#define QUANTIZE_1(NAME, LEVELS, BYTES, JOIN)                                                         \
  TARGET static size_t NAME(const void *source, size_t blocks, uint8_t *target) {                     \
    const uint8_t *from = source;                                                                     \
    for (size_t block = 0; block < blocks; block++, from += 4 * BLOCK_NUMBERS, target += BYTES) {     \
      if (largest_magnitude(from) >= INFINITE) return block;                                          \
      float least, most;                                                                              \
      uint8_t codes[BLOCK_NUMBERS];                                                                   \
      extremes(from, &least, &most);                                                                  \
      float d = (most - least) / (LEVELS - 1);                                                        \
      store_half(target, d);                                                                          \
      store_half(target + 2, least);                                                                  \
      set_codes(from, least, d == 0 ? 0 : 1 / d, 0.5f, LEVELS - 1, codes);                            \
      JOIN(codes, target + 4);                                                                        \
    }                                                                                                 \
    return blocks;                                                                                    \
  }
QUANTIZE_1(quantize_q4_1, 16, 20, join_halves)
QUANTIZE_1(quantize_q5_1, 32, 24, join_fives)

TARGET static size_t quantize_q5_0(const void *source, size_t blocks, uint8_t *target) {
  const uint8_t *from = source;
  for (size_t block = 0; block < blocks; block++, from += 4 * BLOCK_NUMBERS, target += 22) {
    uint32_t largest = largest_magnitude(from);
    if (largest >= INFINITE) return block;
    float leading;
    uint8_t codes[BLOCK_NUMBERS];
    memcpy(&leading, from + 4 * first_place(from, largest), sizeof leading);
    float d = leading / -16;
    store_half(target, d);
    set_codes(from, 0, d == 0 ? 0 : 1 / d, 16.5f, 31, codes);
    join_fives(codes, target + 2);
  }
  return blocks;
}

#define BLOCKS                                                                                    \
  .quantize_q4_0 = quantize_q4_0, .quantize_q4_1 = quantize_q4_1, .quantize_q5_0 = quantize_q5_0, \
  .quantize_q5_1 = quantize_q5_1, .quantize_q8_0 = quantize_q8_0
