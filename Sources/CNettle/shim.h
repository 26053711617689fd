#include <nettle/sha2.h>
#include <nettle/version.h>

/// The end of a hash; since version 4 it takes no length, and Swift imports either form alone.
static inline void tare_sha256_digest(struct sha256_ctx *context, uint8_t *digest) {
#if NETTLE_VERSION_MAJOR >= 4
  sha256_digest(context, digest);
#else
  sha256_digest(context, SHA256_DIGEST_SIZE, digest);
#endif
}
