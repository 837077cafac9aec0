internal import Configuration
internal import Wire

/// What a person has settled once and need not say each time: in a settings file, or in environment
/// variables, which win. Never a secret.
///
/// The key `kdc.port` is `{"kdc": {"port": 7000}}` in the file, and the variable `TRENT_KDC_PORT`.
public struct Settings: Sendable {
  private static let variablePrefix = "TRENT_"

  /// The file's path, for messages.
  public let path: String
  private let reader: ConfigReader
  private let fileKeys: Set<String>

  /// - Parameters:
  ///   - path: the settings file.
  ///   - mustExist: whether the file has to be there; otherwise one that is not says nothing.
  ///   - keys: what may be in it. A mistyped key is a failure, not ignored.
  ///   - variables: the environment. An empty variable says nothing.
  public init(
    path: String, mustExist: Bool = false, keys: Set<String>, variables: [String: String]
  ) throws(SettingsFailure) {
    self.path = path
    let found = try SettingsFile.values(in: path)
    guard let values = mustExist ? found : found ?? [:] else {
      throw SettingsFailure("There is no settings file \(path).")
    }
    let unknown = values.keys.filter { !keys.contains($0) }.sorted()
    if let key = unknown.first {
      let known = keys.sorted().joined(separator: ", ")
      throw SettingsFailure("There is no setting \"\(key)\" (\(path)). Settings are \(known).")
    }
    fileKeys = Set(values.keys)
    let named = variables.filter { $0.key.hasPrefix(Self.variablePrefix) && !$0.value.isEmpty }
    reader = ConfigReader(providers: [
      EnvironmentVariablesProvider(environmentVariables: named).prefixKeys(with: "trent"),
      InMemoryProvider(values: try Self.configured(values, in: path)),
    ])
  }

  /// What `key` is set to, as text; a list with commas between.
  public func text(_ key: String) -> String? { reader.string(forKey: ConfigKey(key)) }

  /// What `key` is set to, read as an option of the command line would be.
  ///
  /// - Parameter parse: nil for what cannot be.
  public func value<Value>(
    _ key: String, _ requirement: String, _ parse: (String) -> Value?
  ) throws(SettingsFailure) -> Value? {
    guard let text = text(key) else { return nil }
    guard let value = parse(text) else {
      throw SettingsFailure(key, of: source(of: key), "it has to be \(requirement)")
    }
    return value
  }

  /// A path; `~/` at its beginning stands for the home folder.
  ///
  /// A relative one would mean another file in each folder, so there are none.
  public func path(_ key: String, home: String?) throws(SettingsFailure) -> String? {
    try value(key, "a path that begins with / or ~/") { text in
      if text.hasPrefix("~/"), let home { return home + text.dropFirst() }
      return text.hasPrefix("/") ? text : nil
    }
  }

  private func source(of key: String) -> String {
    let inFile = fileKeys.contains(key) ? path : nil
    let variable = Self.variablePrefix + Self.variableName(key)
    return inFile.map { "\($0) (or \(variable))" } ?? variable
  }

  private static func variableName(_ key: String) -> String {
    String(key.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
  }

  /// What a person would pass on the command line as text is text here, whether it was written with
  /// quotes or without; a list has commas between.
  private static func configured(
    _ values: [String: JSONValue], in path: String
  ) throws(SettingsFailure) -> [AbsoluteConfigKey: ConfigValue] {
    var configured: [AbsoluteConfigKey: ConfigValue] = [:]
    for (key, value) in values {
      guard let text = argument(value) else {
        throw SettingsFailure(key, of: path, "it has to be text, a number, true, false, or a list")
      }
      configured[AbsoluteConfigKey(ConfigKey(key))] = ConfigValue(.string(text), isSecret: false)
    }
    return configured
  }

  private static func argument(_ value: JSONValue) -> String? {
    switch value {
    case .text(let text): return text
    case .integer(let number): return String(number)
    case .bool(let isTrue): return String(isTrue)
    case .array(let values):
      let items = values.compactMap(\.text)
      return items.count == values.count ? items.joined(separator: ",") : nil
    case .null, .object: return nil
    }
  }
}
