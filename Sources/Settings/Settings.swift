internal import Configuration
internal import DurableFiles
internal import SecretMemory
internal import Wire

/// What a person has settled once and need not say each time: in a settings file, or in environment
/// variables, which win. Never a secret.
///
/// The key `kdc.port` is `{"kdc": {"port": 7000}}` in the file, and the variable `TRENT_KDC_PORT`.
public struct Settings: Sendable {
  /// A settings file is read up to this many bytes.
  static let byteLimit = 1 << 16
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
    let found = try Self.values(in: path)
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
      InMemoryProvider(
        values: Dictionary(
          uniqueKeysWithValues: values.map { (AbsoluteConfigKey(ConfigKey($0.key)), $0.value) })),
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

  /// Nil when there is no file.
  private static func values(in path: String) throws(SettingsFailure) -> [String: ConfigValue]? {
    let text: SecretBytes
    do throws(FileFailure) {
      guard let found = try readSecretFile(path, limit: byteLimit) else { return nil }
      text = found
    } catch {
      throw SettingsFailure(error.description)
    }
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue([UInt8](text.bytes))
    } catch {
      throw SettingsFailure("\(path) is no JSON: \(error).")
    }
    guard case .object = value else {
      throw SettingsFailure("\(path) has to be a JSON object: {\"key\": \"value\"}.")
    }
    var values: [String: ConfigValue] = [:]
    try collect(value, named: [], in: path, &values)
    return values
  }

  /// Every value in it by its key. What a person would pass on the command line as text is text
  /// here, whether it was written with quotes or without; a list has commas between.
  private static func collect(
    _ value: JSONValue, named name: [String], in path: String,
    _ values: inout [String: ConfigValue]
  ) throws(SettingsFailure) {
    if case .object(let members) = value {
      for member in members {
        try collect(member.value, named: name + [member.name], in: path, &values)
      }
      return
    }
    let key = name.joined(separator: ".")
    guard let text = argument(value) else {
      throw SettingsFailure(key, of: path, "it has to be text, a number, true, false, or a list")
    }
    values[key] = ConfigValue(.string(text), isSecret: false)
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
