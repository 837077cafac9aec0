/// Which module may import which: upwards never, and what comes from outside only where it belongs.
enum Modules {
  private static let core: Set = ["Cryptography", "SecretMemory", "Wire", "Synchronization"]
  private static let edge = core.union(["Glibc", "Dispatch", "DurableFiles", "KeyDistribution"])

  /// By module, what its files may import. A module that is missing here has no place yet.
  static let imports: [String: Set<String>] = [
    "SecretMemory": ["COpenSSL", "CLinux", "Glibc", "Synchronization"],
    "Cryptography": [
      "CLinux", "COpenSSL", "CArgon2", "Crypto", "FoundationEssentials", "SecretMemory",
      "Synchronization",
    ],
    "Wire": ["SecretMemory"],
    // The core: no clock, no socket, no file, so not even Glibc.
    "KeyDistribution": core,
    "FileTransfer": core,
    "MailboxService": ["SecretMemory", "Wire"],
    // The edges.
    "DurableFiles": ["SecretMemory", "Glibc", "CLinux"],
    "SystemClock": ["Wire", "Glibc"],
    "LocalSockets": ["Glibc"],
    "Transport": ["CResolver", "Wire", "Glibc"],
    "ServerTransport": [
      "CSystemCalls", "Dispatch", "Wire", "Glibc", "Synchronization", "NIOCore", "NIOPosix",
    ],
    "Settings": ["Configuration", "DurableFiles", "SecretMemory", "Wire"],
    "Directory": edge,
    "PostgreSQLStore": [
      "CLinux", "CPostgreSQL", "Directory", "Dispatch", "Glibc", "KeyDistribution",
      "SecretMemory", "Synchronization", "Wire",
    ],
    "MailboxSpool": core.union(["Glibc", "DurableFiles", "MailboxService"]),
    "Operation": ["Wire"],
    "ProgramDescription": [],
    "Audit": ["Cryptography", "SecretMemory", "Wire"],
    "Monitoring": ["CoreMetrics", "NIOCore", "NIOHTTP1", "NIOPosix", "Synchronization"],
    "TrentClient": edge.union([
      "CLinux", "FileTransfer", "LocalSockets", "MailboxService", "SystemClock", "Transport",
    ]),
    // What users of the library import.
    "Trent": core.union(["DurableFiles", "FileTransfer", "KeyDistribution", "TrentClient"]),
    "ProgramArguments": [
      "ArgumentParser", "Glibc", "KeyDistribution", "SecretMemory", "TrentClient", "Wire",
    ],
    // The programs.
    "mailbox": core.union([
      "ArgumentParser", "Glibc", "KeyDistribution", "MailboxService", "MailboxSpool",
      "ProgramArguments", "ProgramDescription", "SystemClock", "TrentClient",
    ]),
    "kdc": edge.union([
      "Audit", "Directory", "LocalSockets", "ServerTransport", "SystemClock", "Transport",
      "ArgumentParser", "Configuration", "CoreMetrics", "Logging", "Monitoring", "Operation",
      "PostgreSQLStore", "ProgramDescription",
      "ServiceLifecycle", "Settings", "UnixSignals",
    ]),
    "kdc-load": core.union([
      "CLinux", "Glibc", "KeyDistribution", "ProgramDescription", "SystemClock", "Transport",
      "ArgumentParser",
    ]),
    "client": edge.union([
      "FileTransfer", "ProgramArguments", "ProgramDescription", "Settings", "TrentClient",
      "ArgumentParser",
    ]),
  ]
}
