// Numbers as multiples of a scale, compiled anew for each instruction set by the file that includes this one behind
// conversions.h. A product is rounded before it is compared: nothing here may be contracted to a fused operation.

#pragma STDC FP_CONTRACT OFF

typedef float singles __attribute__((vector_size(VECTOR_BYTES)));
typedef int16_t shorts __attribute__((vector_size(VECTOR_BYTES / 2)));

#define ALL_SINGLES(value) ((singles){0} + (value))

TARGET static inline singles load_numbers(const float *from, size_t count) {
  singles numbers = {0};
  if (count >= LANES_32) memcpy(&numbers, from, sizeof numbers);
  else memcpy(&numbers, from, count * 4);
  return numbers;
}

/// To the nearest integer; magnitudes below 2^22.
TARGET static inline singles nearest_integer(singles values) {
  singles bias = ALL_SINGLES(0x1.8p23f);
  return (values + bias) - bias;
}

TARGET static inline singles magnitudes(singles numbers) { return (singles)((words_32)numbers & 0x7FFFFFFF); }

TARGET static size_t grid_misfits(
    const float *numbers, size_t count, float unit, float inverse, float tolerance, size_t limit) {
  size_t misfits = 0;
  for (size_t start = 0; start < count && misfits <= limit; start += 64) {
    size_t end = start + 64 < count ? start + 64 : count;
    words_32 bad = {0};
    for (size_t i = start; i < end; i += LANES_32) {
      singles magnitude = magnitudes(load_numbers(numbers + i, end - i));
      singles rest = magnitudes(magnitude - nearest_integer(magnitude * inverse) * unit);
      bad -= ~(words_32)(rest <= magnitude * tolerance);
    }
    for (size_t lane = 0; lane < LANES_32; lane++) misfits += bad[lane];
  }
  return misfits;
}

TARGET static void grid_extremes(const float *numbers, size_t count, float *lowest, float *highest) {
  singles low = {0}, high = {0};
  for (size_t i = 0; i < count; i += LANES_32) {
    singles number = load_numbers(numbers + i, count - i);
    words_32 is_finite = (words_32)(((words_32)number & 0x7FFFFFFF) < 0x7F800000);
    number = (singles)((words_32)number & is_finite);
    words_32 is_higher = (words_32)(number > high), is_lower = (words_32)(number < low);
    high = (singles)(((words_32)number & is_higher) | ((words_32)high & ~is_higher));
    low = (singles)(((words_32)number & is_lower) | ((words_32)low & ~is_lower));
  }
  *lowest = *highest = 0;
  for (size_t lane = 0; lane < LANES_32; lane++) {
    if (low[lane] < *lowest) *lowest = low[lane];
    if (high[lane] > *highest) *highest = high[lane];
  }
}

/// A product as the number that its word means.
#define ROUNDED_BF16(product) from_bf16(to_bf16(product))
#define ROUNDED_F16(product) FROM_F16(TO_F16(product))
#define ROUNDED_F32(product) (product)

#define GRID_MULTIPLES(NAME, ROUNDED)                                                                     \
  TARGET static size_t grid_multiples_##NAME(                                                             \
      const float *numbers, size_t count, float scale, float inverse, int divides, int largest,           \
      int16_t *codes) {                                                                                   \
    words_32 wrong = {0};                                                                                 \
    singles bound = ALL_SINGLES((float)largest + 0.5f);                                                   \
    for (size_t i = 0; i < count; i += LANES_32) {                                                        \
      singles number = load_numbers(numbers + i, count - i);                                              \
      singles magnitude = magnitudes(number);                                                             \
      singles ratio = magnitude * inverse;                                                                \
      ratio = (singles)((words_32)ratio & (words_32)(ratio < bound));                                     \
      singles multiple = nearest_integer(ratio);                                                          \
      singles product = divides ? multiple / ALL_SINGLES(scale) : multiple * scale;                       \
      words_32 rounded = ROUNDED((words_32)product);                                                      \
      words_32 is_product = (words_32)(rounded == (words_32)magnitude);                                   \
      words_32 code = (words_32)__builtin_convertvector(multiple, int32_vector);                          \
      words_32 sign = (words_32)((int32_vector)(words_32)number >> 31);                                   \
      code = (code ^ sign) - sign;                                                                        \
      code = (code & is_product) | (0x8000 & ~is_product);                                                \
      wrong -= ~is_product;                                                                               \
      shorts narrow = __builtin_convertvector((int32_vector)code, shorts);                                \
      if (count - i >= LANES_32) memcpy(codes + i, &narrow, sizeof narrow);                               \
      else memcpy(codes + i, &narrow, (count - i) * 2);                                                   \
    }                                                                                                     \
    size_t total = 0;                                                                                     \
    for (size_t lane = 0; lane < LANES_32; lane++) total += wrong[lane];                                  \
    return total;                                                                                         \
  }

typedef int32_t int32_vector __attribute__((vector_size(VECTOR_BYTES)));
GRID_MULTIPLES(bf16, ROUNDED_BF16)
GRID_MULTIPLES(f16, ROUNDED_F16)
GRID_MULTIPLES(f32, ROUNDED_F32)

TARGET static size_t grid_multiples(
    const float *numbers, size_t count, int kind, float scale, float inverse, int divides, int largest,
    int16_t *codes) {
  switch (kind) {
    case 0: return grid_multiples_bf16(numbers, count, scale, inverse, divides, largest, codes);
    case 1: return grid_multiples_f16(numbers, count, scale, inverse, divides, largest, codes);
    default: return grid_multiples_f32(numbers, count, scale, inverse, divides, largest, codes);
  }
}

#define GRIDS .grid_misfits = grid_misfits, .grid_extremes = grid_extremes, .grid_multiples = grid_multiples
