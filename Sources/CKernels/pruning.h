// Loops of pruning over eight doubles, compiled anew for each instruction set by the file that includes this one.

typedef double eight_doubles __attribute__((vector_size(64)));
typedef int64_t eight_masks __attribute__((vector_size(64)));

/// Loads up to eight doubles; NaN fills the rest.
TARGET static inline void load_doubles(const double *from, size_t count, eight_doubles *values) {
  if (count >= 8) {
    memcpy(values, from, sizeof *values);
    return;
  }
  for (size_t lane = 0; lane < 8; lane++) (*values)[lane] = lane < count ? from[lane] : (double)NAN;
}

/// Sums the squares of finite values in eight lanes, and of those that are zeroed: `after` is zero there, or where it is
/// NULL their magnitude is at most `limit`. Counts zeros before and after in eight lanes each.
TARGET static void tally_squares(
    const double *values, const double *after, size_t count, double limit, double *sums, int64_t *counts) {
  eight_doubles squares = {0}, lost = {0};
  eight_masks zeros = {0}, zeroed = {0};
  for (size_t i = 0; i < count; i += 8) {
    eight_doubles value, result;
    load_doubles(values + i, count - i, &value);
    eight_masks goes = (value <= limit) & (value >= -limit);
    if (after) {
      load_doubles(after + i, count - i, &result);
      goes = result == 0;
    }
    eight_doubles product = value * value;
    eight_doubles square = (eight_doubles)((eight_masks)product & (value - value == 0));
    squares += square;
    lost += (eight_doubles)((eight_masks)square & goes);
    zeros -= value == 0;
    zeroed -= goes;
  }
  memcpy(sums, &squares, sizeof squares);
  memcpy(sums + 8, &lost, sizeof lost);
  memcpy(counts, &zeros, sizeof zeros);
  memcpy(counts + 8, &zeroed, sizeof zeroed);
}
