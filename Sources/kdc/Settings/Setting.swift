import Configuration
import KeyDistribution
import Settings
import Wire

/// A setting by its name in the settings file, and what it may be.
struct Setting: Sendable {
  enum Kind: CustomStringConvertible {
    case text
    case number(ClosedRange<Int64>)
    case choice([String])

    var description: String {
      switch self {
      case .text: "a text that is not empty"
      case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
      case .choice(let words): "one of \(words.map { "\"\($0)\"" }.joined(separator: ", "))"
      }
    }
  }

  let name: String
  let kind: Kind

  init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// Everything that can be set.
  static let all: [Setting] =
    [
      Setting("port", .number(0...65535)),
      Setting("users", .text),
      Setting("store", .text),
      Setting("keys", .text),
      Setting("log", .text),
      Setting("audit", .text),
      Setting("bind", .text),
      Setting("metrics", .text),
      Setting("log-level", .choice(LogLevel.names)),
      Setting("registration", .choice(RegistrationPolicy.allCases.map(\.rawValue))),
    ] + backOff("brakes.name") + backOff("brakes.source")
    + rate("brakes.sealed-requests") + rate("brakes.registrations") + rate("brakes.connections")

  private static func backOff(_ name: String) -> [Setting] {
    [
      Setting("\(name).free-failures", .number(1...1_000_000)),
      Setting("\(name).first-delay-seconds", .number(0...86_400)),
      Setting("\(name).longest-delay-seconds", .number(0...86_400)),
      Setting("\(name).forgiveness-seconds", .number(1...31_536_000)),
    ]
  }

  private static func rate(_ name: String) -> [Setting] {
    [
      Setting("\(name).per-second", .number(0...1_000_000)),
      Setting("\(name).burst", .number(1...1_000_000)),
    ]
  }

  /// Nil when it may not be that.
  func content(of value: JSONValue) -> ConfigContent? {
    switch (kind, value) {
    case (.text, .text(let text)) where !text.isEmpty: .string(text)
    case (.choice(let words), .text(let text)) where words.contains(text): .string(text)
    case (.number(let range), .integer(let number)) where range.contains(number):
      .int(Int(number))
    default: nil
    }
  }

  /// What a settings file says. What is no setting is refused: one with a slip in its name would
  /// otherwise quietly not count.
  static func values(
    in path: String
  ) throws(SettingsFailure) -> [AbsoluteConfigKey: ConfigValue] {
    guard let found = try SettingsFile.values(in: path) else {
      throw SettingsFailure("there is no settings file \(path)")
    }
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for (name, value) in found.sorted(by: { $0.key < $1.key }) {
      guard let setting = all.first(where: { $0.name == name }) else {
        throw SettingsFailure("\(path): there is no setting \(JSONValue.text(name))")
      }
      guard let content = setting.content(of: value) else {
        throw SettingsFailure("\(path): \(name) must be \(setting.kind)")
      }
      values[AbsoluteConfigKey(ConfigKey(name))] = ConfigValue(content, isSecret: false)
    }
    return values
  }
}
