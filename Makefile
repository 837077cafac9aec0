# Builds and installs Trent: make && sudo make install [PREFIX=/usr/local] [DESTDIR=]
# What is installed needs only the system's own C libraries.
PREFIX ?= /usr/local
DESTDIR ?=
# As Debian's own packages have it; without libpq: make FLAGS=
FLAGS ?= --traits PostgreSQL

BUILD = .build/release
STAGE = .build/install
PROGRAMS = client kdc mailbox
# Where zsh looks: Debian's packages have vendor-completions.
ZSH_FUNCTIONS ?= site-functions
bin = $(DESTDIR)$(PREFIX)/bin
share = $(DESTDIR)$(PREFIX)/share
units = $(DESTDIR)$(PREFIX)/lib/systemd
INSTALL = install -p

.PHONY: all build describe install uninstall check

all: describe

build:
	SCRIPTS/build-release $(FLAGS) --product client
	SCRIPTS/build-release $(FLAGS) --product kdc
	SCRIPTS/build-release $(FLAGS) --product mailbox

# Manual pages, and what shells complete words with, as the programs tell them.
describe: build
	rm -rf $(STAGE)
	SCRIPTS/manual $(BUILD) $(STAGE)/man
	SCRIPTS/completions $(BUILD) $(STAGE)/completions
	mkdir -p $(STAGE)/bin
	set -e; for program in $(PROGRAMS); do strip -o $(STAGE)/bin/$$program $(BUILD)/$$program; done

# Of what `make` has built, so that nothing is built as root.
install:
	@test -x $(STAGE)/bin/kdc || { echo "make install: run make first" >&2; exit 1; }
	$(INSTALL) -d $(bin) $(share)/doc/trent $(units)/system $(units)/user
	$(INSTALL) -m 755 $(addprefix $(STAGE)/bin/,$(PROGRAMS)) $(bin)
	ln -sf client $(bin)/trent
	for section in 1 5 8; do \
	  $(INSTALL) -d $(share)/man/man$$section && \
	  $(INSTALL) -m 644 $(STAGE)/man/man$$section/* $(share)/man/man$$section || exit 1; \
	done
	$(INSTALL) -d $(share)/bash-completion/completions $(share)/zsh/$(ZSH_FUNCTIONS) $(share)/fish/vendor_completions.d
	$(INSTALL) -m 644 $(STAGE)/completions/bash/* $(share)/bash-completion/completions
	$(INSTALL) -m 644 $(STAGE)/completions/zsh/* $(share)/zsh/$(ZSH_FUNCTIONS)
	$(INSTALL) -m 644 $(STAGE)/completions/fish/* $(share)/fish/vendor_completions.d
	$(INSTALL) -m 644 README.md SECURITY.md CHANGELOG.md LICENSE pwd.txt.example $(share)/doc/trent
	set -e; for unit in Packaging/systemd/system/*; do \
	  sed 's|@bin@|$(PREFIX)/bin|' $$unit >$(units)/system/$${unit##*/}; done
	set -e; for unit in Packaging/systemd/user/*; do \
	  sed 's|@bin@|$(PREFIX)/bin|' $$unit >$(units)/user/$${unit##*/}; done
	chmod 644 $(units)/system/kdc.service $(units)/system/mailbox.service $(units)/user/trent-receiver.service

# What users keep stays.
uninstall:
	rm -f $(addprefix $(bin)/,$(PROGRAMS) trent)
	rm -f $(foreach page,client.1 trent.1 trent-home.5 trent-settings.5 trent-users.5 kdc.8 mailbox.8,\
	  $(share)/man/man$(patsubst .%,%,$(suffix $(page)))/$(page))
	rm -f $(foreach name,$(PROGRAMS) trent,$(share)/bash-completion/completions/$(name) \
	  $(share)/zsh/$(ZSH_FUNCTIONS)/_$(name) $(share)/fish/vendor_completions.d/$(name).fish)
	rm -f $(units)/system/kdc.service $(units)/system/mailbox.service $(units)/user/trent-receiver.service
	rm -rf $(share)/doc/trent

check:
	SCRIPTS/test
