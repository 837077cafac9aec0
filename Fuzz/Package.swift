// swift-tools-version: 6.2
import PackageDescription

// A package of its own: libFuzzer wants every target built with its instrumentation and without a
// `main`, and `unsafeFlags` are for root packages alone. SCRIPTS/fuzz builds and runs it.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .unsafeFlags(["-parse-as-library"]),
]

func fuzzer(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name,
    dependencies: [
      "FuzzSupport",
      .product(name: "Trent", package: "trent"),
      .product(name: "TrentServer", package: "trent"),
    ] + more,
    swiftSettings: settings)
}

let package = Package(
  name: "trent-fuzz",
  dependencies: [
    .package(name: "trent", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(
      name: "FuzzSupport", dependencies: [.product(name: "Trent", package: "trent")],
      swiftSettings: settings),
    // What of the programs is in no library: the same files, by a symbolic link, without `main`.
    .target(
      name: "CenterProgram",
      dependencies: [
        .product(name: "Trent", package: "trent"),
        .product(name: "TrentServer", package: "trent"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      exclude: ["Commands", "KDC.swift", "KDCDescription.swift", "KDCProgram.swift"], swiftSettings: settings),
    .target(
      name: "MailboxProgram",
      dependencies: [
        .product(name: "Trent", package: "trent"),
        .product(name: "TrentServer", package: "trent"),
      ],
      exclude: [
        "LimitOptions.swift", "MailboxCommand.swift", "MailboxDesk.swift", "MailboxProgram.swift",
      ],
      swiftSettings: settings),
    fuzzer("AuditFuzz"),
    fuzzer("CenterFuzz"),
    fuzzer("PeerFuzz"),
    fuzzer("ExchangeFuzz"),
    fuzzer("UserFileFuzz"),
    fuzzer("StateFuzz"),
    fuzzer("ReplyFuzz"),
    fuzzer("TransferFuzz"),
    fuzzer("CopyFuzz"),
    fuzzer("DepositFuzz"),
    fuzzer("MailboxFuzz", ["MailboxProgram"]),
    fuzzer("ResolverFuzz"),
    fuzzer("SpoolFuzz"),
    fuzzer("OperatorFuzz", ["CenterProgram"]),
    fuzzer(
      "MonitoringFuzz",
      [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),
  ]
)
