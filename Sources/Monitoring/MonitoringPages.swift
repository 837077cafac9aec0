internal import NIOHTTP1

/// What is shown to who watches: `/metrics`, `/healthz` and `/readyz`.
public struct MonitoringPages: Sendable {
  private let metrics: @Sendable () -> String
  private let isReady: @Sendable () -> Bool
  private let warning: @Sendable () -> String?

  /// - Parameters:
  ///   - metrics: Prometheus text; called on the thread that serves it.
  ///   - isReady: whether requests are served.
  ///   - warning: what is wrong all the same, in a few words.
  public init(
    metrics: @escaping @Sendable () -> String, isReady: @escaping @Sendable () -> Bool,
    warning: @escaping @Sendable () -> String? = { nil }
  ) {
    self.metrics = metrics
    self.isReady = isReady
    self.warning = warning
  }

  func answer(to head: HTTPRequestHead) -> MonitoringAnswer {
    // RFC 9112, section 3.2: one Host, but for HTTP/1.0.
    let hosts = head.headers["Host"].count
    guard hosts == 1 || hosts == 0 && head.version == .http1_0 else { return .badRequest }
    let lengths = head.headers["Content-Length"]
    guard head.headers["Transfer-Encoding"].isEmpty, lengths.isEmpty || lengths == ["0"] else {
      return .badRequest
    }
    let page: () -> MonitoringAnswer
    switch head.uri.prefix(while: { $0 != "?" }) {
    case "/metrics": page = { .metrics(metrics()) }
    case "/healthz": page = { .text(.ok, "ok") }
    case "/readyz":
      page = {
        guard isReady() else { return .text(.serviceUnavailable, "not ready") }
        return .text(.ok, warning().map { "ready, but \($0)" } ?? "ready")
      }
    default: return .text(.notFound, "there are /metrics, /healthz and /readyz")
    }
    return head.method == .GET || head.method == .HEAD ? page() : .wrongMethod
  }
}

/// An answer by HTTP, its body included.
struct MonitoringAnswer: Sendable {
  let status: HTTPResponseStatus
  var contentType = "text/plain; charset=utf-8"
  var headers: HTTPHeaders = [:]
  let body: String

  static func text(_ status: HTTPResponseStatus, _ body: String) -> MonitoringAnswer {
    MonitoringAnswer(status: status, body: body + "\n")
  }

  static func metrics(_ text: String) -> MonitoringAnswer {
    MonitoringAnswer(
      status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: text)
  }

  static var badRequest: MonitoringAnswer { text(.badRequest, "this is no request for a page") }

  static var tooLong: MonitoringAnswer {
    text(.requestHeaderFieldsTooLarge, "the request is too long")
  }

  static var wrongMethod: MonitoringAnswer {
    MonitoringAnswer(
      status: .methodNotAllowed, headers: ["Allow": "GET, HEAD"], body: "GET and HEAD alone\n")
  }

  /// One answer a connection: whatever else comes on it is nobody's.
  func head(version: HTTPVersion) -> HTTPResponseHead {
    var head = HTTPResponseHead(version: version, status: status, headers: headers)
    head.headers.add(name: "Content-Type", value: contentType)
    head.headers.add(name: "Content-Length", value: "\(body.utf8.count)")
    head.headers.add(name: "Cache-Control", value: "no-store")
    head.headers.add(name: "Connection", value: "close")
    return head
  }
}
