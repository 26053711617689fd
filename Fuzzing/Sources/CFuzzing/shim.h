#pragma once
#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutations, which clang declares in no header that it installs.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

// Which Glibc shows only to GNU sources.
int memfd_create(const char *name, unsigned flags);
