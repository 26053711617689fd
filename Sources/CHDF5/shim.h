#pragma once

// Of functions that have several versions, the one of 1.10: their macros choose it, whatever release is installed.
#define H5_USE_110_API 1
#include <hdf5.h>
#include <string.h>

#include "window.h"

// Swift imports neither macros that call functions nor those that choose one: what is needed of them stands here under
// the prefix `tare_`.

static inline hid_t tare_native_default(void) { return H5P_DEFAULT; }
static inline hid_t tare_class_file_access(void) { return H5P_FILE_ACCESS; }
static inline unsigned tare_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t tare_all(void) { return H5S_ALL; }
static inline haddr_t tare_undefined_address(void) { return HADDR_UNDEF; }
static inline size_t tare_variable(void) { return H5T_VARIABLE; }

static inline void tare_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static inline herr_t tare_first_reason(unsigned n, const H5E_error2_t *error, void *context) {
  if (n == 0 && error->desc != NULL) {
    char *text = (char *)context;
    size_t i = 0;
    for (; i < 199 && error->desc[i] != 0; i++) text[i] = error->desc[i];
    text[i] = 0;
  }
  return 0;
}

// What went wrong innermost; `text` has room for 200 bytes.
static inline void tare_reason(char *text) {
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, tare_first_reason, text);
}

// Asked for nothing but its address: to count an object's bytes the library walks all its trees.
static inline herr_t tare_object_address(hid_t object, haddr_t *address) {
  H5O_info_t info;
  herr_t status = H5Oget_info2(object, &info, H5O_INFO_BASIC);
  if (status >= 0) *address = info.addr;
  return status;
}

typedef herr_t (*tare_link_visitor)(void *context, const char *name, int kind);

struct tare_link_visit {
  tare_link_visitor visitor;
  void *context;
};

static inline herr_t tare_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
  (void)group;
  struct tare_link_visit *visit = (struct tare_link_visit *)context;
  return visit->visitor(visit->context, name, (int)info->type);
}

// All links of a group: by the order of their creation, or by their names.
static inline herr_t tare_visit_links(hid_t group, int by_creation, tare_link_visitor visitor, void *context) {
  struct tare_link_visit visit = {visitor, context};
  return H5Literate(group, by_creation ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, NULL, tare_visit_link, &visit);
}

static inline hid_t tare_refuse_external(
    const char *name, hid_t group, const void *value, size_t bytes, hid_t list, hid_t data) {
  (void)name, (void)group, (void)value, (void)bytes, (void)list, (void)data;
  return -1;
}

static inline ssize_t tare_query_external(
    const char *name, const void *value, size_t bytes, void *buffer, size_t room) {
  (void)name;
  if (buffer != NULL) memcpy(buffer, value, bytes < room ? bytes : room);
  return (ssize_t)bytes;
}

// Takes the place of what follows external links: they can be looked at, and lead nowhere.
static inline herr_t tare_refuse_external_links(void) {
  H5L_class_t links = {0};
  links.version = H5L_LINK_CLASS_T_VERS;
  links.id = H5L_TYPE_EXTERNAL;
  links.comment = "external";
  links.trav_func = (void *)tare_refuse_external;
  links.query_func = tare_query_external;
  return H5Lregister(&links);
}

// The bytes of a soft or external link's value.
static inline herr_t tare_link_size(hid_t group, const char *name, size_t *bytes) {
  H5L_info_t info;
  herr_t status = H5Lget_info(group, name, &info, H5P_DEFAULT);
  if (status >= 0) *bytes = info.u.val_size;
  return status;
}
