import Configuration
import DurableFiles
import SecretMemory
import Wire

/// Why settings cannot be used, as a sentence for the operator.
struct SettingsFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The settings file: one JSON object, whose members are settings, or objects of them. What is no
/// setting is refused: one with a slip in its name would otherwise quietly not count.
enum SettingsFile {
  private static let byteLimit = 1 << 20

  /// The values in the file, by their names.
  static func read(_ path: String) throws(SettingsFailure) -> [AbsoluteConfigKey: ConfigValue] {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    try collect(try parse(try contents(of: path), path), named: [], in: path, &values)
    return values
  }

  private static func contents(of path: String) throws(SettingsFailure) -> [UInt8] {
    let file: SecretFile?
    do throws(FileFailure) {
      file = try SecretFile.read(path, limit: byteLimit)
    } catch {
      throw SettingsFailure("\(error)")
    }
    guard let file else { throw SettingsFailure("there is no settings file \(path)") }
    return [UInt8](file.contents.bytes)
  }

  private static func parse(
    _ text: [UInt8], _ path: String
  ) throws(SettingsFailure) -> JSONValue {
    do throws(JSONFault) {
      return try JSONValue(text)
    } catch {
      throw SettingsFailure("\(path), \(error)")
    }
  }

  private static func collect(
    _ value: JSONValue, named name: [String], in path: String,
    _ values: inout [AbsoluteConfigKey: ConfigValue]
  ) throws(SettingsFailure) {
    if case .object(let members) = value {
      for member in members {
        try collect(member.value, named: name + [member.name], in: path, &values)
      }
      return
    }
    let text = name.joined(separator: ".")
    guard let setting = Setting.all.first(where: { $0.name == text }) else {
      throw SettingsFailure("\(path): there is no setting \(JSONValue.text(text))")
    }
    guard let content = setting.content(of: value) else {
      throw SettingsFailure("\(path): \(text) must be \(setting.kind)")
    }
    values[AbsoluteConfigKey(name)] = ConfigValue(content, isSecret: false)
  }
}
