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

#define BLOCKS .quantize_q4_0 = quantize_q4_0, .quantize_q8_0 = quantize_q8_0
