// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  // Readers that borrow the bytes they read (`~Escapable`) need lifetime annotations.
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "trent",
  products: [
    .library(
      name: "Trent",
      targets: [
        "Trent", "SecretMemory", "Cryptography", "Wire", "KeyDistribution", "FileTransfer",
        "TrentClient",
      ]),
    .library(
      name: "TrentServer",
      targets: [
        "Audit", "Directory", "MailboxService", "MailboxSpool", "Monitoring", "Operation",
        "PostgreSQLStore", "ServerTransport", "Settings",
      ]),
    .executable(name: "kdc", targets: ["kdc"]),
    .executable(name: "client", targets: ["client"]),
    .executable(name: "mailbox", targets: ["mailbox"]),
    .executable(name: "kdc-load", targets: ["kdc-load"]),
  ],
  traits: [
    .trait(
      name: "PostgreSQL",
      description: "Several KDCs share their users in PostgreSQL (kdc --store). Needs libpq.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // Without its trait "JSON", which needs all of Foundation: three times the program.
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(name: "CSystemCalls"),
    .target(name: "CResolver", linkerSettings: [.linkedLibrary("resolv")]),

    .target(name: "SecretMemory", dependencies: ["COpenSSL", "CLinux"], swiftSettings: strict),
    .target(
      name: "Cryptography",
      dependencies: [
        "CLinux", "COpenSSL", "CArgon2", "SecretMemory",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(name: "Wire", dependencies: ["SecretMemory"], swiftSettings: strict),
    .target(name: "SystemClock", dependencies: ["Wire"], swiftSettings: strict),
    .target(
      name: "KeyDistribution", dependencies: ["SecretMemory", "Cryptography", "Wire"],
      swiftSettings: strict),
    .target(
      name: "FileTransfer", dependencies: ["SecretMemory", "Cryptography", "Wire"],
      swiftSettings: strict),
    .target(
      name: "Directory",
      dependencies: ["SecretMemory", "Cryptography", "DurableFiles", "KeyDistribution", "Wire"],
      swiftSettings: strict),
    // Empty without the trait.
    .target(
      name: "PostgreSQLStore",
      dependencies: [
        .target(name: "CPostgreSQL", condition: .when(traits: ["PostgreSQL"])), "CLinux",
        "Directory", "KeyDistribution", "SecretMemory", "Wire",
      ],
      swiftSettings: strict),
    .target(name: "Operation", dependencies: ["Wire"], swiftSettings: strict),
    .target(name: "ProgramDescription", swiftSettings: strict, plugins: ["BuildCommit"]),
    .plugin(name: "BuildCommit", capability: .buildTool()),
    .target(
      name: "Audit", dependencies: ["Cryptography", "SecretMemory", "Wire"], swiftSettings: strict),
    .target(
      name: "Monitoring",
      dependencies: [
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .target(
      name: "MailboxService", dependencies: ["SecretMemory", "Wire"], swiftSettings: strict),
    .target(
      name: "MailboxSpool",
      dependencies: ["Cryptography", "DurableFiles", "MailboxService", "SecretMemory", "Wire"],
      swiftSettings: strict),
    .target(name: "DurableFiles", dependencies: ["CLinux", "SecretMemory"], swiftSettings: strict),
    .target(
      name: "Settings",
      dependencies: [
        "DurableFiles", "SecretMemory", "Wire",
        .product(name: "Configuration", package: "swift-configuration"),
      ],
      swiftSettings: strict),
    .target(name: "LocalSockets", swiftSettings: strict),
    .target(name: "Transport", dependencies: ["CResolver", "Wire"], swiftSettings: strict),
    .target(
      name: "ServerTransport",
      dependencies: [
        "CSystemCalls", "Wire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),

    .target(
      name: "TrentClient",
      dependencies: [
        "CLinux", "Cryptography", "DurableFiles", "FileTransfer", "KeyDistribution",
        "LocalSockets", "MailboxService", "SecretMemory", "SystemClock", "Transport", "Wire",
      ],
      swiftSettings: strict),

    // What users of the library import.
    .target(
      name: "Trent",
      dependencies: [
        "Cryptography", "DurableFiles", "FileTransfer", "KeyDistribution", "SecretMemory",
        "TrentClient", "Wire",
      ],
      swiftSettings: strict),
    // The programs of its documentation, which see nothing but it.
    .executableTarget(
      name: "example-sender", dependencies: ["Trent"], path: "Examples/Sender",
      swiftSettings: strict),
    .executableTarget(
      name: "example-own-connection", dependencies: ["Trent"], path: "Examples/OwnConnection",
      swiftSettings: strict),

    .executableTarget(
      name: "kdc",
      dependencies: [
        "Audit", "Cryptography", "Directory", "DurableFiles", "KeyDistribution", "LocalSockets",
        "Monitoring",
        "Operation", "PostgreSQLStore", "ProgramDescription", "SecretMemory", "ServerTransport",
        "Settings", "SystemClock", "Transport", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .target(
      name: "ProgramArguments",
      dependencies: [
        "KeyDistribution", "SecretMemory", "TrentClient", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "client",
      dependencies: [
        "DurableFiles", "KeyDistribution", "ProgramArguments", "ProgramDescription", "SecretMemory",
        "Settings", "TrentClient", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "mailbox",
      dependencies: [
        "KeyDistribution", "MailboxService", "MailboxSpool", "ProgramArguments",
        "ProgramDescription",
        "SecretMemory", "SystemClock", "TrentClient", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "kdc-load",
      dependencies: [
        "CLinux", "Cryptography", "KeyDistribution", "ProgramDescription", "SecretMemory",
        "SystemClock",
        "Transport", "Wire", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .testTarget(
      name: "CryptographyTests", dependencies: ["Cryptography", "SecretMemory"],
      swiftSettings: strict),
    .testTarget(
      name: "AuditTests", dependencies: ["Audit", "Cryptography", "SecretMemory", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "SecretMemory"], swiftSettings: strict),
    .testTarget(
      name: "KeyDistributionTests",
      dependencies: ["KeyDistribution", "Cryptography", "SecretMemory", "TimingHarness", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "FileTransferTests",
      dependencies: ["FileTransfer", "Cryptography", "SecretMemory", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "MailboxServiceTests", dependencies: ["MailboxService", "SecretMemory", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "MailboxSpoolTests",
      dependencies: ["DurableFiles", "MailboxService", "MailboxSpool", "SecretMemory", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "DirectoryTests",
      dependencies: [
        "Directory", "Cryptography", "DurableFiles", "KeyDistribution", "SecretMemory", "Wire",
      ],
      swiftSettings: strict),
    .target(
      name: "PostgreSQLHarness", dependencies: ["CLinux"], path: "Tests/PostgreSQLHarness",
      swiftSettings: strict),
    .target(name: "TimingHarness", path: "Tests/TimingHarness", swiftSettings: strict),
    .testTarget(
      name: "PostgreSQLStoreTests",
      dependencies: [
        "Cryptography", "Directory", "KeyDistribution", "PostgreSQLHarness", "PostgreSQLStore",
        "SecretMemory", "Wire",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
    .testTarget(
      name: "TransportTests", dependencies: ["Transport", "Wire"], swiftSettings: strict),
    .testTarget(
      name: "DurableFilesTests", dependencies: ["DurableFiles", "SecretMemory"],
      swiftSettings: strict),
    .testTarget(
      name: "ServerTransportTests", dependencies: ["ServerTransport", "Transport", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "MonitoringTests",
      dependencies: [
        "Monitoring",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(name: "RepositoryTests", swiftSettings: strict),
    // The simulated disk, under the real code that writes files.
    .target(name: "CDiskCalls", path: "Tests/CDiskCalls"),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "CDiskCalls", "Cryptography", "Directory", "DurableFiles", "FileTransfer",
        "KeyDistribution",
        "MailboxService", "MailboxSpool", "SecretMemory", "TrentClient", "Wire",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "TranscriptTests",
      dependencies: [
        "Cryptography", "FileTransfer", "KeyDistribution", "MailboxService", "SecretMemory",
        "Transport", "Wire",
      ],
      exclude: ["Transcripts"],
      swiftSettings: strict),
    .testTarget(
      name: "TrentClientTests",
      dependencies: [
        "client", "TrentClient", "Cryptography", "DurableFiles", "FileTransfer",
        "KeyDistribution", "MailboxService", "SecretMemory", "SystemClock", "Transport", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "kdc", "kdc-load", "client", "mailbox", "example-own-connection", "example-sender",
        "Cryptography", "Directory", "FileTransfer", "KeyDistribution", "LocalSockets",
        "MailboxService", "PostgreSQLHarness", "SecretMemory", "SystemClock", "TimingHarness",
        "Transport", "Trent", "TrentClient", "Wire",
      ],
      swiftSettings: strict),
  ]
)
