#ifndef TRENT_CARGON2_SHIM_H
#define TRENT_CARGON2_SHIM_H

#include <argon2.h>

#endif
