# make demo       installs what is missing, builds, and shows the tool at work on a small pruned model
# make test       everything that must hold for a commit
# make install    PREFIX=/usr/local by default; DESTDIR is honoured
# make bench      speeds, as ratios to memcpy: kernels and whole jobs, or MODEL=file.safetensors with whole commands
# make bench-size sizes of versions of MODEL=file.safetensors, or of made-up weights, beside zstd and the entropy bounds
# make fuzz       the readers on made-up input; RUNS=N for each target, SECONDS=N
# make sanitize   the tests under the address and the thread sanitizer
# make coverage   how many lines of the readers the tests reach
# make man completions    writes man/ and completions/ anew from the commands' definitions
# make format     lays the sources out

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
INSTALL ?= install

# One set of flags for every release build, so that one build serves demo, install and bench. The Swift libraries are
# linked in: the installed program needs no toolchain.
RELEASE = -c release --static-swift-stdlib
BINARY = .build/release/tare
# What reads HDF5 for it: the only program that is linked with libhdf5.
HELPER = .build/release/tare-hdf5

bindir = $(DESTDIR)$(PREFIX)/bin
mandir = $(DESTDIR)$(PREFIX)/share/man/man1
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.PHONY: release demo test lint check-reference man completions install uninstall bench bench-size fuzz sanitize coverage format clean set-up

release: set-up
	$(SWIFT) build $(RELEASE) --product tare
	$(SWIFT) build $(RELEASE) --product tare-hdf5

set-up:
	@scripts/set-up

demo: release
	@scripts/demo $(BINARY)

# Warnings of our own targets are errors here.
test: export TARE_WARNINGS_AS_ERRORS = 1
test: set-up lint
	scripts/make-venv
	$(SWIFT) build --build-tests
	$(MAKE) --no-print-directory check-reference
	scripts/check-decoder .build/debug/tare .venv/bin/python3
	$(SWIFT) test --skip-build

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources

# The committed man pages and completions are what the definitions give.
check-reference:
	@rm -rf .build/reference
	@scripts/make-man-pages .build/debug/tare .build/reference/man
	@scripts/make-completions .build/debug/tare .build/reference/completions
	@diff -r man .build/reference/man && diff -r completions .build/reference/completions || \
		{ echo "man/ or completions/ is behind the commands: make man completions" >&2; exit 1; }

man: set-up
	$(SWIFT) build --product tare
	scripts/make-man-pages .build/debug/tare man

completions: set-up
	$(SWIFT) build --product tare
	scripts/make-completions .build/debug/tare completions

install: release
	$(INSTALL) -d "$(bindir)" "$(mandir)" "$(bashdir)" "$(zshdir)" "$(fishdir)"
	$(INSTALL) -s -m 755 $(BINARY) "$(bindir)/tare"
	$(INSTALL) -s -m 755 $(HELPER) "$(bindir)/tare-hdf5"
	$(INSTALL) -m 644 man/*.1 "$(mandir)"
	$(INSTALL) -m 644 completions/tare.bash "$(bashdir)/tare"
	$(INSTALL) -m 644 completions/_tare "$(zshdir)/_tare"
	$(INSTALL) -m 644 completions/tare.fish "$(fishdir)/tare.fish"

uninstall:
	rm -f "$(bindir)/tare" "$(bindir)/tare-hdf5" $(patsubst man/%,"$(mandir)/%",$(wildcard man/*.1))
	rm -f "$(bashdir)/tare" "$(zshdir)/_tare" "$(fishdir)/tare.fish"

bench: release
	scripts/make-venv
	Benchmarks/run $(MODEL)
	$(if $(MODEL),.venv/bin/python3 Benchmarks/commands.py $(MODEL))

bench-size: release
	scripts/make-venv
	.venv/bin/python3 Benchmarks/sizes.py $(MODEL)

RUNS ?= 1000000
SECONDS ?= 0
fuzz: set-up
	Fuzzing/run --runs $(RUNS) --seconds $(SECONDS)

sanitize: set-up
	scripts/make-venv
	scripts/sanitize address
	scripts/sanitize thread

coverage: set-up
	scripts/make-venv
	scripts/coverage

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources

clean:
	rm -rf .build .build-* .venv
