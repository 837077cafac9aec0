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
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    .target(
      name: "FuzzSupport", dependencies: [.product(name: "Trent", package: "trent")],
      swiftSettings: settings),
    fuzzer("AuditFuzz"),
    fuzzer("CenterFuzz"),
    fuzzer("PeerFuzz"),
    fuzzer("UserFileFuzz"),
    fuzzer("StateFuzz"),
    fuzzer("ReplyFuzz"),
    fuzzer("TransferFuzz"),
    fuzzer("DepositFuzz"),
    fuzzer("MailboxFuzz"),
    fuzzer("ResolverFuzz"),
    fuzzer("SpoolFuzz"),
    fuzzer("OperatorFuzz"),
    fuzzer(
      "MonitoringFuzz",
      [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),
  ]
)
