/// Where a received file goes.
public enum OutputTarget: Hashable, Sendable {
  /// Replaced as a whole when the file is complete, or not touched.
  case file(String)
  /// Gets each part of the file once it has been authenticated.
  case standardOutput

  var path: String {
    switch self {
    case .file(let path): path
    case .standardOutput: "/dev/stdout"
    }
  }
}
