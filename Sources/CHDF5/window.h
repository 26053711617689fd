// A part of a file, read as if it were the file: archives hold HDF5 files in one piece.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

// Which part.
typedef struct tare_window {
  uint64_t start, bytes;
} tare_window;

typedef struct tare_window_file {
  H5FD_t base;
  int descriptor;
  tare_window window;
  // Up to where the library believes that the file has its data.
  haddr_t end;
} tare_window_file;

static inline H5FD_t *tare_window_open(const char *name, unsigned flags, hid_t list, haddr_t limit) {
  (void)limit;
  const tare_window *window = (const tare_window *)H5Pget_driver_info(list);
  if (window == NULL || (flags & H5F_ACC_RDWR) != 0) return NULL;
  tare_window_file *file = (tare_window_file *)calloc(1, sizeof(tare_window_file));
  if (file == NULL) return NULL;
  file->window = *window;
  file->descriptor = open(name, O_RDONLY | O_CLOEXEC);
  if (file->descriptor < 0) {
    free(file);
    return NULL;
  }
  return &file->base;
}

static inline herr_t tare_window_close(H5FD_t *base) {
  tare_window_file *file = (tare_window_file *)base;
  close(file->descriptor);
  free(file);
  return 0;
}

static inline herr_t tare_window_query(const H5FD_t *base, unsigned long *flags) {
  (void)base;
  *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static inline haddr_t tare_window_get_end(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ((const tare_window_file *)base)->end;
}

static inline herr_t tare_window_set_end(H5FD_t *base, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((tare_window_file *)base)->end = end;
  return 0;
}

static inline haddr_t tare_window_size(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ((const tare_window_file *)base)->window.bytes;
}

// What lies behind the window is zeros, as the library's own driver has it of files that end too early.
static inline herr_t tare_window_read(
    H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t count, void *target) {
  (void)type, (void)list;
  tare_window_file *file = (tare_window_file *)base;
  const tare_window window = file->window;
  char *to = (char *)target;
  while (count > 0 && address < window.bytes) {
    const uint64_t left = window.bytes - address;
    const size_t wanted = count < left ? count : (size_t)left;
    const ssize_t got = pread(file->descriptor, to, wanted, (off_t)(window.start + address));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    to += got;
    address += (haddr_t)got;
    count -= (size_t)got;
  }
  memset(to, 0, count);
  return 0;
}

static inline herr_t tare_window_write(
    H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t count, const void *source) {
  (void)base, (void)type, (void)list, (void)address, (void)count, (void)source;
  return -1;
}

// Has files opened with the access list `list` be read through the window.
static inline herr_t tare_set_window(hid_t list, uint64_t start, uint64_t bytes) {
  static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)512,
#endif
    .name = "tare_window",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(tare_window),
    .open = tare_window_open,
    .close = tare_window_close,
    .query = tare_window_query,
    .get_eoa = tare_window_get_end,
    .set_eoa = tare_window_set_end,
    .get_eof = tare_window_size,
    .read = tare_window_read,
    .write = tare_window_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
  };
  const tare_window window = {start, bytes};
  const hid_t id = H5FDregister(&driver);
  return id < 0 ? -1 : H5Pset_driver(list, id, &window);
}
