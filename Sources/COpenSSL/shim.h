#ifndef TRENT_COPENSSL_SHIM_H
#define TRENT_COPENSSL_SHIM_H

/* For SHA256_Init and its like: see below. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <stddef.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

/*
 * HMAC-SHA256 (RFC 2104) that is keyed once for any number of messages.
 *
 * It stands here because the two ways that OpenSSL 3 has for it, EVP_MAC and EVP_MD, spend twice to three times as long
 * on looking up parameters as on hashing messages of our sizes. SHA256_Init and its like are the same code without
 * that; their successors deprecate them for want of a choice of provider, which we do not want.
 */
typedef struct {
  SHA256_CTX inner;   /* keyed */
  SHA256_CTX outer;   /* keyed */
  SHA256_CTX message; /* the inner hash of the message so far */
} trent_hmac;

static inline void trent_hmac_begin(trent_hmac *hmac) { hmac->message = hmac->inner; }

/* Keys it and begins the first message. */
static inline void trent_hmac_init(trent_hmac *hmac, const unsigned char *key, size_t count) {
  unsigned char block[SHA256_CBLOCK] = {0};
  if (count > sizeof block) {
    SHA256_Init(&hmac->message);
    SHA256_Update(&hmac->message, key, count);
    SHA256_Final(block, &hmac->message);
  } else {
    memcpy(block, key, count);
  }
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36;
  SHA256_Init(&hmac->inner);
  SHA256_Update(&hmac->inner, block, sizeof block);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  SHA256_Init(&hmac->outer);
  SHA256_Update(&hmac->outer, block, sizeof block);
  OPENSSL_cleanse(block, sizeof block);
  trent_hmac_begin(hmac);
}

static inline void trent_hmac_update(trent_hmac *hmac, const unsigned char *bytes, size_t count) {
  SHA256_Update(&hmac->message, bytes, count);
}

/* Writes the tag, 32 bytes, and begins the next message. */
static inline void trent_hmac_final(trent_hmac *hmac, unsigned char *tag) {
  unsigned char inner[SHA256_DIGEST_LENGTH];
  SHA256_Final(inner, &hmac->message);
  hmac->message = hmac->outer;
  SHA256_Update(&hmac->message, inner, sizeof inner);
  SHA256_Final(tag, &hmac->message);
  OPENSSL_cleanse(inner, sizeof inner);
  trent_hmac_begin(hmac);
}

/* The tag of one message, 32 bytes. */
static inline void trent_hmac_once(
    const unsigned char *key, size_t key_count, const unsigned char *message, size_t count,
    unsigned char *tag) {
  trent_hmac hmac;
  trent_hmac_init(&hmac, key, key_count);
  trent_hmac_update(&hmac, message, count);
  trent_hmac_final(&hmac, tag);
  OPENSSL_cleanse(&hmac, sizeof hmac);
}

/*
 * HKDF-Expand (RFC 5869, section 2.3), at most 255 blocks.
 * T(n) = HMAC(key, T(n-1) || info || n), the last one cut off.
 */
static inline void trent_hkdf_expand(
    const unsigned char *key, size_t key_count, const unsigned char *info, size_t info_count,
    unsigned char *output, size_t count) {
  trent_hmac hmac;
  unsigned char block[SHA256_DIGEST_LENGTH];
  trent_hmac_init(&hmac, key, key_count);
  for (unsigned char number = 1; count > 0; number++) {
    size_t part = count < sizeof block ? count : sizeof block;
    if (number > 1) trent_hmac_update(&hmac, block, sizeof block);
    trent_hmac_update(&hmac, info, info_count);
    trent_hmac_update(&hmac, &number, 1);
    trent_hmac_final(&hmac, block);
    memcpy(output, block, part);
    output += part;
    count -= part;
  }
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(&hmac, sizeof hmac);
}

#endif
