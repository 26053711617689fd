// Floats widened to f32 and rounded to 16 bits, compiled anew for each instruction set by the file that includes this one
// behind loops.h. Addresses may be odd; a rest shorter than a vector is read and written as far as it reaches.

/// As many words of sixteen bits as a vector has of thirty-two.
typedef uint16_t halves __attribute__((vector_size(VECTOR_BYTES / 2)));

#if VECTOR_BYTES == 64
#define TO_F16(words) ((halves)_mm512_cvtps_ph((__m512)(words), _MM_FROUND_TO_NEAREST_INT))
#define FROM_F16(words) ((words_32)_mm512_cvtph_ps((__m256i)(words)))
#else
#define TO_F16(words) ((halves)_mm256_cvtps_ph((__m256)(words), _MM_FROUND_TO_NEAREST_INT))
#define FROM_F16(words) ((words_32)_mm256_cvtph_ps((__m128i)(words)))
#endif

TARGET static inline halves load_halves(const uint8_t *from, size_t count) {
  halves words = {0};
  if (count >= LANES_32) memcpy(&words, from, sizeof words);
  else memcpy(&words, from, count * 2);
  return words;
}

TARGET static inline void store_halves(uint8_t *to, halves words, size_t count) {
  if (count >= LANES_32) memcpy(to, &words, sizeof words);
  else memcpy(to, &words, count * 2);
}

TARGET static inline words_32 load_singles(const uint8_t *from, size_t count) {
  words_32 words = {0};
  if (count >= LANES_32) memcpy(&words, from, sizeof words);
  else memcpy(&words, from, count * 4);
  return words;
}

TARGET static inline void store_singles(uint8_t *to, words_32 words, size_t count) {
  if (count >= LANES_32) memcpy(to, &words, sizeof words);
  else memcpy(to, &words, count * 4);
}

/// The largest of the words without their signs.
TARGET static inline uint32_t largest_of(halves words) {
  uint32_t largest = 0;
  for (size_t lane = 0; lane < LANES_32; lane++)
    if (words[lane] > largest) largest = words[lane];
  return largest;
}

TARGET static inline halves to_bf16(words_32 bits) {
  words_32 rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  words_32 is_nan = (words_32)((bits & 0x7FFFFFFF) > 0x7F800000);
  return __builtin_convertvector((rounded & ~is_nan) | (((bits >> 16) | 0x40) & is_nan), halves);
}

TARGET static inline words_32 from_bf16(halves words) {
  halves is_nan = (halves)((words & 0x7FFF) > 0x7F80);
  return __builtin_convertvector(words | (is_nan & 0x40), words_32) << 16;
}

#define ROUND(NAME, CONVERT)                                                                            \
  TARGET static uint32_t NAME(const void *source, size_t count, void *target) {                         \
    const uint8_t *from = source;                                                                       \
    uint8_t *to = target;                                                                               \
    halves largest = {0};                                                                               \
    for (size_t i = 0; i < count; i += LANES_32) {                                                      \
      halves words = CONVERT(load_singles(from + 4 * i, count - i));                                    \
      largest = __builtin_elementwise_max(largest, words & 0x7FFF);                                     \
      store_halves(to + 2 * i, words, count - i);                                                       \
    }                                                                                                   \
    return largest_of(largest);                                                                         \
  }
ROUND(round_to_bf16, to_bf16)
ROUND(round_to_f16, TO_F16)

#define WIDEN(NAME, CONVERT)                                                                            \
  TARGET static void NAME(const void *source, size_t count, void *target) {                             \
    const uint8_t *from = source;                                                                       \
    uint8_t *to = target;                                                                               \
    for (size_t i = 0; i < count; i += LANES_32)                                                        \
      store_singles(to + 4 * i, CONVERT(load_halves(from + 2 * i, count - i)), count - i);              \
  }
WIDEN(widen_bf16, from_bf16)
WIDEN(widen_f16, FROM_F16)

#define CONVERSIONS .round_to_bf16 = round_to_bf16, .round_to_f16 = round_to_f16, .widen_bf16 = widen_bf16, \
    .widen_f16 = widen_f16
