#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// Macros and typed stacks, which Swift does not see, as functions.

static inline int larder_tls_set_min_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version) == 1;
}

// No renegotiation, no compression, and no buffers held by connections that are silent.
static inline void larder_tls_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline void larder_tls_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int larder_tls_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name) == 1;
}

// Copies the URI number `wanted` of the certificate's alternative names. Its length, -1 if there
// are not so many, 0 if it is longer than `capacity` or holds a zero byte.
static inline int larder_tls_copy_uri(X509 *certificate, int wanted, char *text, int capacity) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int length = -1;
    for (int index = 0; names && index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        if (name->type != GEN_URI || wanted-- > 0) continue;
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        length = ASN1_STRING_length(uri);
        const unsigned char *bytes = ASN1_STRING_get0_data(uri);
        if (length > capacity || memchr(bytes, 0, (size_t)length)) {
            length = 0;
        } else {
            memcpy(text, bytes, (size_t)length);
        }
        break;
    }
    GENERAL_NAMES_free(names);
    return length;
}
