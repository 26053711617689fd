#include "CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define TARGET                                                                                                      \
  __attribute__((                                                                                                  \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt,lzcnt"), min_vector_width(512)))
#define VECTOR_BYTES 64
#include "loops.h"
#include "conversions.h"
#include "pruning.h"
#include "grids.h"
#include "blocks.h"

/// Words of BITS bits, the type of a mask over a vector of them, and the intrinsics' suffixes.
#define FOR_EACH_VECTOR(M)          \
  M(8, uint8_t, __mmask64, epi8)    \
  M(16, uint16_t, __mmask32, epi16) \
  M(32, uint32_t, __mmask16, epi32) \
  M(64, uint64_t, __mmask8, epi64)
#define SET1_epi8(x) _mm512_set1_epi8((char)(x))
#define SET1_epi16(x) _mm512_set1_epi16((short)(x))
#define SET1_epi32(x) _mm512_set1_epi32((int)(x))
#define SET1_epi64(x) _mm512_set1_epi64((long long)(x))
#define SIGNS_epi8 _mm512_movepi8_mask
#define SIGNS_epi16 _mm512_movepi16_mask
#define SIGNS_epi32 _mm512_movepi32_mask
#define SIGNS_epi64 _mm512_movepi64_mask
/// Elements in a vector.
#define LANES(BITS) (512 / (BITS))

#define COUNT_ZEROS(BITS, WORD, MASK, EPI)                                                                       \
  TARGET static size_t count_zeros_##BITS(                                                                       \
      const WORD *source, size_t elements, WORD magnitude, size_t *positive) {                                   \
    const __m512i kept = SET1_##EPI(magnitude);                                                                  \
    size_t zeros = 0, without_sign = 0, i = 0;                                                                   \
    for (; i + LANES(BITS) <= elements; i += LANES(BITS)) {                                                      \
      __m512i words = _mm512_loadu_si512(source + i);                                                            \
      zeros += (size_t)__builtin_popcountll(_mm512_testn_##EPI##_mask(words, kept));                             \
      without_sign += (size_t)__builtin_popcountll(_mm512_testn_##EPI##_mask(words, words));                     \
    }                                                                                                            \
    for (; i < elements; i++) {                                                                                  \
      zeros += (source[i] & magnitude) == 0;                                                                     \
      without_sign += source[i] == 0;                                                                            \
    }                                                                                                            \
    *positive = without_sign;                                                                                    \
    return zeros;                                                                                                \
  }
FOR_EACH_VECTOR(COUNT_ZEROS)

TARGET static size_t count_zeros(
    const void *source, size_t elements, int width, uint64_t magnitude, size_t *positive) {
  BY_WIDTH(return count_zeros, source, elements, magnitude, positive)
  return 0;
}

// A whole vector is stored though only its first words count: there are never more stored words than words read.
#define SPLIT(BITS, WORD, MASK, EPI)                                                                             \
  TARGET static size_t split_##BITS(                                                                             \
      const WORD *source, size_t elements, WORD magnitude, uint8_t *bitmap, WORD *packed) {                      \
    const __m512i kept = SET1_##EPI(magnitude);                                                                  \
    size_t count = 0, i = 0;                                                                                     \
    for (; i + 64 <= elements; i += 64) {                                                                        \
      uint64_t bits = 0;                                                                                         \
      for (unsigned k = 0; k < 64; k += LANES(BITS)) {                                                           \
        __m512i words = _mm512_loadu_si512(source + i + k);                                                      \
        MASK stored = _mm512_test_##EPI##_mask(words, kept);                                                     \
        bits |= (uint64_t)stored << k;                                                                           \
        _mm512_storeu_si512(packed + count, _mm512_maskz_compress_##EPI(stored, words));                         \
        count += (size_t)__builtin_popcountll(stored);                                                           \
      }                                                                                                          \
      memcpy(bitmap + i / 8, &bits, 8);                                                                          \
    }                                                                                                            \
    for (; i < elements; i++) {                                                                                  \
      if (i % 8 == 0) bitmap[i / 8] = 0;                                                                         \
      if ((source[i] & magnitude) == 0) continue;                                                                \
      bitmap[i / 8] |= (uint8_t)(1u << i % 8);                                                                   \
      packed[count++] = source[i];                                                                               \
    }                                                                                                            \
    return count;                                                                                                \
  }
FOR_EACH_VECTOR(SPLIT)

TARGET static size_t split(
    const void *source, size_t elements, int width, uint64_t magnitude, uint8_t *bitmap, void *packed) {
  BY_WIDTH(return split, source, elements, magnitude, bitmap, packed)
  return 0;
}

#define JOIN(BITS, WORD, MASK, EPI)                                                                              \
  TARGET static void join_##BITS(                                                                                \
      const uint8_t *bitmap, const WORD *packed, size_t elements, WORD *target) {                                \
    size_t i = 0;                                                                                                \
    for (; i + 64 <= elements; i += 64) {                                                                        \
      uint64_t bits;                                                                                             \
      memcpy(&bits, bitmap + i / 8, 8);                                                                          \
      for (unsigned k = 0; k < 64; k += LANES(BITS)) {                                                           \
        MASK stored = (MASK)(bits >> k);                                                                         \
        unsigned count = (unsigned)__builtin_popcountll(stored);                                                 \
        __m512i words = _mm512_maskz_loadu_##EPI((MASK)_bzhi_u64(~0ull, count), packed);                         \
        _mm512_storeu_si512(target + i + k, _mm512_maskz_expand_##EPI(stored, words));                           \
        packed += count;                                                                                         \
      }                                                                                                          \
    }                                                                                                            \
    for (; i < elements; i++) target[i] = bitmap[i / 8] >> i % 8 & 1 ? *packed++ : 0;                            \
  }
FOR_EACH_VECTOR(JOIN)

TARGET static void join(const uint8_t *bitmap, const void *packed, size_t elements, int width, void *target) {
  BY_WIDTH(join, bitmap, packed, elements, target)
}

#define SPLIT_SIGNS(BITS, WORD, MASK, EPI)                                                                       \
  TARGET static size_t split_signs_##BITS(                                                                       \
      const WORD *source, size_t elements, const uint8_t *bitmap, uint8_t *signs) {                              \
    uint64_t pending = 0;                                                                                        \
    unsigned fill = 0;                                                                                           \
    uint8_t *out = signs;                                                                                        \
    for (size_t i = 0; i < elements; i += 64) {                                                                  \
      uint64_t stored = 0, negative = 0;                                                                         \
      size_t count = elements - i < 64 ? elements - i : 64;                                                      \
      if (count == 64) {                                                                                         \
        memcpy(&stored, bitmap + i / 8, 8);                                                                      \
        for (unsigned k = 0; k < 64; k += LANES(BITS))                                                           \
          negative |= (uint64_t)SIGNS_##EPI(_mm512_loadu_si512(source + i + k)) << k;                            \
      } else {                                                                                                   \
        memcpy(&stored, bitmap + i / 8, (count + 7) / 8);                                                        \
        for (size_t k = 0; k < count; k++) negative |= (uint64_t)(source[i + k] >> (BITS - 1)) << k;             \
      }                                                                                                          \
      uint64_t zeros = ~stored & _bzhi_u64(~0ull, (unsigned)count);                                              \
      uint64_t next = _pext_u64(negative, zeros);                                                                \
      unsigned bits = (unsigned)__builtin_popcountll(zeros);                                                     \
      pending |= next << fill;                                                                                   \
      if (fill + bits >= 64) {                                                                                   \
        memcpy(out, &pending, 8);                                                                                \
        out += 8;                                                                                                \
        pending = fill == 0 ? 0 : next >> (64 - fill);                                                           \
        fill = fill + bits - 64;                                                                                 \
      } else {                                                                                                   \
        fill += bits;                                                                                            \
      }                                                                                                          \
    }                                                                                                            \
    memcpy(out, &pending, (fill + 7) / 8);                                                                       \
    return (size_t)(out - signs) + (fill + 7) / 8;                                                               \
  }
FOR_EACH_VECTOR(SPLIT_SIGNS)

TARGET static size_t split_signs(
    const void *source, size_t elements, int width, const uint8_t *bitmap, uint8_t *signs) {
  BY_WIDTH(return split_signs, source, elements, bitmap, signs)
  return 0;
}

/// The 64 bits from bit `position` on; 0 for those past the end.
TARGET static inline uint64_t bits_at(const uint8_t *bytes, size_t byte_count, size_t position) {
  size_t byte = position / 8;
  unsigned shift = position % 8;
  uint64_t low = 0, high = 0;
  if (byte + 9 <= byte_count) {
    memcpy(&low, bytes + byte, 8);
    high = bytes[byte + 8];
  } else if (byte < byte_count) {
    memcpy(&low, bytes + byte, byte_count - byte < 8 ? byte_count - byte : 8);
  }
  return shift == 0 ? low : low >> shift | high << (64 - shift);
}

#define JOIN_SIGNS(BITS, WORD, MASK, EPI)                                                                        \
  TARGET static void join_signs_##BITS(                                                                          \
      const uint8_t *signs, size_t sign_bytes, const uint8_t *bitmap, size_t elements, WORD *target) {           \
    const __m512i sign = SET1_##EPI((WORD)1 << (BITS - 1));                                                      \
    size_t position = 0;                                                                                         \
    for (size_t i = 0; i < elements; i += 64) {                                                                  \
      uint64_t stored = 0;                                                                                       \
      size_t count = elements - i < 64 ? elements - i : 64;                                                      \
      memcpy(&stored, bitmap + i / 8, (count + 7) / 8);                                                          \
      uint64_t zeros = ~stored & _bzhi_u64(~0ull, (unsigned)count);                                              \
      uint64_t negative = _pdep_u64(bits_at(signs, sign_bytes, position), zeros);                                \
      position += (size_t)__builtin_popcountll(zeros);                                                           \
      if (count == 64) {                                                                                         \
        for (unsigned k = 0; k < 64; k += LANES(BITS)) {                                                         \
          __m512i words = _mm512_loadu_si512(target + i + k);                                                    \
          __m512i added = _mm512_maskz_mov_##EPI((MASK)(negative >> k), sign);                                   \
          _mm512_storeu_si512(target + i + k, _mm512_or_si512(words, added));                                    \
        }                                                                                                        \
      } else {                                                                                                   \
        for (size_t k = 0; k < count; k++) target[i + k] |= (WORD)((WORD)(negative >> k & 1) << (BITS - 1));     \
      }                                                                                                          \
    }                                                                                                            \
  }
FOR_EACH_VECTOR(JOIN_SIGNS)

TARGET static void join_signs(
    const uint8_t *signs, size_t sign_bytes, const uint8_t *bitmap, size_t elements, int width, void *target) {
  BY_WIDTH(join_signs, signs, sign_bytes, bitmap, elements, target)
}

TARGET static size_t encode_gaps(const uint8_t *bitmap, size_t elements, uint8_t *gaps) {
  uint8_t iota[64];
  for (unsigned k = 0; k < 64; k++) iota[k] = (uint8_t)k;
  const __m512i places = _mm512_loadu_si512(iota);
  const __m512i before = _mm512_sub_epi8(places, _mm512_set1_epi8(1));
  uint8_t *out = gaps;
  size_t next = 0;
  for (size_t i = 0; i < elements; i += 64) {
    uint64_t bits = 0;
    size_t left = elements - i;
    memcpy(&bits, bitmap + i / 8, left < 64 ? (left + 7) / 8 : 8);
    if (bits == 0) continue;
    // Within a word, the gap is the distance to the place before, less one; the first one's counts from the last word.
    size_t first = i + (size_t)__builtin_ctzll(bits) - next;
    for (; first >= 255; first -= 255) *out++ = 255;
    __m512i at = _mm512_maskz_compress_epi8(bits, places);
    __m512i from = _mm512_permutexvar_epi8(before, at);
    __m512i between = _mm512_sub_epi8(_mm512_sub_epi8(at, from), _mm512_set1_epi8(1));
    unsigned count = (unsigned)__builtin_popcountll(bits);
    _mm512_mask_storeu_epi8(out, _bzhi_u64(~0ull, count), _mm512_mask_set1_epi8(between, 1, (char)first));
    out += count;
    next = i + 64 - (size_t)__builtin_clzll(bits);
  }
  return (size_t)(out - gaps);
}

TARGET static void find_escapes(const uint8_t *symbols, size_t count, uint8_t first, uint64_t *bits) {
  const __m512i least = _mm512_set1_epi8((char)first);
  for (size_t i = 0; i < count; i += 64) {
    __mmask64 there = _bzhi_u64(~0ull, (unsigned)(count - i < 64 ? count - i : 64));
    __m512i bytes = _mm512_maskz_loadu_epi8(there, symbols + i);
    bits[i / 64] = _mm512_mask_cmpge_epu8_mask(there, bytes, least);
  }
}

// Escapes: only of words of 16 and 32 bits, whose exponents fit the 16 bits that escapes have.
#define EXPONENTS_16(WORDS) (WORDS)
#define EXPONENTS_32(WORDS) _mm512_castsi256_si512(_mm512_cvtepi32_epi16(WORDS))
#define WORDS_16(EXPONENTS) (EXPONENTS)
#define WORDS_32(EXPONENTS) _mm512_cvtepu16_epi32(_mm512_castsi512_si256(EXPONENTS))

/// Bit i is set where symbol i of at most 64 is an escape.
TARGET static inline uint64_t escaped_of(const uint8_t *symbols, size_t count, __m512i least) {
  __mmask64 there = _bzhi_u64(~0ull, count < 64 ? (unsigned)count : 64);
  return _mm512_mask_cmpge_epu8_mask(there, _mm512_maskz_loadu_epi8(there, symbols), least);
}

// No branch on how many of a vector's lanes are escaped: one or two of 64 often are, and nobody foresees which.
#define ESCAPES(BITS, WORD, MASK, EPI)                                                                           \
  TARGET static size_t write_escapes_##BITS(                                                                     \
      const WORD *source, const uint8_t *symbols, size_t count, uint8_t first, unsigned mantissa_bits,           \
      WORD exponent_mask, uint16_t *escapes) {                                                                   \
    const __m512i kept = SET1_##EPI(exponent_mask), least = _mm512_set1_epi8((char)first);                       \
    const __m128i shift = _mm_cvtsi32_si128((int)mantissa_bits);                                                 \
    size_t written = 0;                                                                                          \
    for (size_t i = 0; i < count; i += 64) {                                                                     \
      uint64_t escaped = escaped_of(symbols + i, count - i, least);                                              \
      if (escaped == 0) continue;                                                                                \
      for (unsigned k = 0; k < 64; k += LANES(BITS)) {                                                           \
        MASK part = (MASK)(escaped >> k);                                                                        \
        __m512i words = _mm512_maskz_loadu_##EPI(part, source + i + k);                                          \
        words = _mm512_srl_##EPI(_mm512_and_si512(words, kept), shift);                                          \
        unsigned found = (unsigned)__builtin_popcountll(part);                                                   \
        _mm512_mask_storeu_epi16(                                                                                \
            escapes + written, _bzhi_u32(~0u, found), _mm512_maskz_compress_epi16(part, EXPONENTS_##BITS(words))); \
        written += found;                                                                                        \
      }                                                                                                          \
    }                                                                                                            \
    return written;                                                                                              \
  }                                                                                                              \
  TARGET static size_t patch_escapes_##BITS(                                                                     \
      const uint8_t *symbols, size_t count, uint8_t first, unsigned mantissa_bits, WORD exponent_mask,           \
      const uint16_t *escapes, size_t limit, WORD *target) {                                                     \
    const __m512i changed = SET1_##EPI(exponent_mask), least = _mm512_set1_epi8((char)first);                    \
    const __m128i shift = _mm_cvtsi32_si128((int)mantissa_bits);                                                 \
    size_t read = 0;                                                                                             \
    for (size_t i = 0; i < count; i += 64) {                                                                     \
      uint64_t escaped = escaped_of(symbols + i, count - i, least);                                              \
      if (escaped == 0) continue;                                                                                \
      if ((size_t)__builtin_popcountll(escaped) > limit - read) return limit + 1;                                \
      for (unsigned k = 0; k < 64; k += LANES(BITS)) {                                                           \
        MASK part = (MASK)(escaped >> k);                                                                        \
        unsigned found = (unsigned)__builtin_popcountll(part);                                                   \
        __m512i words = _mm512_maskz_loadu_epi16(_bzhi_u32(~0u, found), escapes + read);                         \
        words = _mm512_sll_##EPI(WORDS_##BITS(_mm512_maskz_expand_epi16(part, words)), shift);                   \
        __m512i old = _mm512_maskz_loadu_##EPI(part, target + i + k);                                            \
        words = _mm512_ternarylogic_epi64(changed, words, old, 0xCA);                                            \
        _mm512_mask_storeu_##EPI(target + i + k, part, words);                                                   \
        read += found;                                                                                           \
      }                                                                                                          \
    }                                                                                                            \
    return read;                                                                                                 \
  }
ESCAPES(16, uint16_t, __mmask32, epi16)
ESCAPES(32, uint32_t, __mmask16, epi32)

TARGET static size_t write_escapes(
    const void *source, const uint8_t *symbols, size_t count, int width, uint8_t first, unsigned mantissa_bits,
    uint64_t exponent_mask, uint16_t *escapes) {
  return width == 2
      ? write_escapes_16(source, symbols, count, first, mantissa_bits, (uint16_t)exponent_mask, escapes)
      : write_escapes_32(source, symbols, count, first, mantissa_bits, (uint32_t)exponent_mask, escapes);
}

TARGET static size_t patch_escapes(
    const uint8_t *symbols, size_t count, int width, uint8_t first, unsigned mantissa_bits, uint64_t exponent_mask,
    const uint16_t *escapes, size_t limit, void *target) {
  return width == 2
      ? patch_escapes_16(symbols, count, first, mantissa_bits, (uint16_t)exponent_mask, escapes, limit, target)
      : patch_escapes_32(symbols, count, first, mantissa_bits, (uint32_t)exponent_mask, escapes, limit, target);
}

/// Tables of up to 32 words lie in registers.
TARGET static void grid_look_up(
    const uint8_t *codes, size_t count, const uint32_t *table, size_t levels, int width, void *target) {
  size_t i = 0;
  if (levels <= 32) {
    uint32_t words[32] = {0};
    memcpy(words, table, levels * sizeof *words);
    const __m512i low = _mm512_loadu_si512(words), high = _mm512_loadu_si512(words + 16);
    if (width == 4) {
      uint32_t *to = target;
      for (; i + 16 <= count; i += 16) {
        const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(codes + i)));
        _mm512_storeu_si512(to + i, _mm512_permutex2var_epi32(low, index, high));
      }
    } else {
      uint16_t *to = target;
      const __m512i all = _mm512_inserti64x4(
          _mm512_castsi256_si512(_mm512_cvtepi32_epi16(low)), _mm512_cvtepi32_epi16(high), 1);
      for (; i + 32 <= count; i += 32) {
        const __m512i index = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(codes + i)));
        _mm512_storeu_si512(to + i, _mm512_permutexvar_epi16(index, all));
      }
    }
  }
  if (width == 4)
    for (uint32_t *to = target; i < count; i++) to[i] = table[codes[i]];
  else
    for (uint16_t *to = target; i < count; i++) to[i] = (uint16_t)table[codes[i]];
}

const tare_kernels *tare_kernels_avx512(void) {
  static const tare_kernels kernels = {
    .count_zeros = count_zeros, .split = split, .join = join, .split_signs = split_signs, .join_signs = join_signs,
    .encode_gaps = encode_gaps, .write_symbols = write_symbols, .write_plane = write_plane, .write_rest = write_rest,
    .find_escapes = find_escapes, .write_escapes = write_escapes, .patch_escapes = patch_escapes,
    .read_rest = read_rest, .add_symbols = add_symbols, .pack_tile = pack_tile, .unpack_tile = unpack_tile,
    .split_rotated = split_rotated, .join_rotated = join_rotated, .huffman_encode4 = huffman_encode4,
    .xxh3_consume = xxh3_consume, .error_sums = error_sums,
    CONVERSIONS,
    GRIDS,
    BLOCKS,
    .grid_look_up = grid_look_up,
    .tally_squares = tally_squares, .count_magnitude = count_magnitude, .zero_fours = zero_fours,
  };
  __builtin_cpu_init();
  int has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")
      && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
      && __builtin_cpu_supports("lzcnt");
  return has ? &kernels : NULL;
}

#else

const tare_kernels *tare_kernels_avx512(void) { return NULL; }

#endif
