internal import DurableFiles
internal import SecretMemory
public import Wire

/// A settings file: one JSON object, whose members are settings, or objects of them.
public enum SettingsFile {
  /// A settings file is read up to this many bytes.
  static let byteLimit = 1 << 16

  /// Every value in it by its key: `{"kdc": {"port": 7000}}` has `kdc.port`. Nil when there is no
  /// file.
  public static func values(in path: String) throws(SettingsFailure) -> [String: JSONValue]? {
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
    guard case .object(let members) = value else {
      throw SettingsFailure("\(path) has to be a JSON object: {\"key\": \"value\"}.")
    }
    var values: [String: JSONValue] = [:]
    collect(members, within: "", &values)
    return values
  }

  private static func collect(
    _ members: [JSONValue.Member], within prefix: String, _ values: inout [String: JSONValue]
  ) {
    for member in members {
      let key = prefix + member.name
      if case .object(let inner) = member.value {
        collect(inner, within: key + ".", &values)
      } else {
        values[key] = member.value
      }
    }
  }
}
