import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Monitoring

@Suite("Pages by HTTP, to anybody")
struct PageTests {
  /// What a connection answers to bytes that come in these pieces; nil when it says nothing.
  private func answer(
    to pieces: [String], isReady: Bool = true, connections: Int = 16
  ) throws -> String? {
    var limits = MonitoringLimits()
    limits.connections = connections
    let channel = EmbeddedChannel()
    try MonitoringHandler.add(
      to: channel,
      pages: MonitoringPages(metrics: { "x 1\n" }, isReady: { isReady }), limits: limits,
      count: MonitoringHandler.Count())
    channel.pipeline.fireChannelActive()
    for piece in pieces { _ = try? channel.writeInbound(ByteBuffer(string: piece)) }
    var answer = ""
    while let part = try channel.readOutbound(as: ByteBuffer.self) {
      answer += String(buffer: part)
    }
    _ = try? channel.finish()
    return answer.isEmpty ? nil : answer
  }

  private func status(_ request: String, isReady: Bool = true) throws -> Int? {
    let line = try answer(to: [request], isReady: isReady)?.prefix { $0 != "\r\n" }
    return line.flatMap { Int($0.split(separator: " ")[1]) }
  }

  private func get(_ target: String, _ headers: String = "") -> String {
    "GET \(target) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n"
  }

  @Test("GET and HEAD of the three pages")
  func pages() throws {
    let metrics = try #require(try answer(to: [get("/metrics")]))
    #expect(metrics.hasPrefix("HTTP/1.1 200 OK\r\n") && metrics.hasSuffix("\r\n\r\nx 1\n"))
    #expect(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
    #expect(metrics.contains("Content-Length: 4\r\n") && metrics.contains("Connection: close\r\n"))
    let head = try #require(try answer(to: ["HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n"]))
    #expect(head.contains("Content-Length: 4\r\n") && head.hasSuffix("\r\n\r\n"))
    #expect(try status(get("/metrics?a=b")) == 200)
    #expect(try status("GET /healthz HTTP/1.0\r\n\r\n") == 200)
    #expect(try status(get("/healthz"), isReady: false) == 200)
    #expect(try status(get("/readyz")) == 200)
    #expect(try status(get("/readyz"), isReady: false) == 503)
  }

  @Test("Everything else is refused: 404, 405, 400")
  func refusals() throws {
    for target in ["/", "/metrics/", "/metricsx", "//metrics", "/%6detrics", "http://a/metrics"] {
      #expect(try status(get(target)) == 404, "\(target)")
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
      let request = "\(method) /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
      #expect(try status(request) == 405, "\(method)")
      #expect(try answer(to: [request])?.contains("Allow: GET, HEAD\r\n") == true)
    }
    for request in [
      "GET /metrics HTTP/1.1\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      get("/metrics", "Content-Length: 5\r\n"), get("/metrics", "Content-Length: -1\r\n"),
      get("/metrics", "Content-Length: 0\r\nContent-Length: 5\r\n"),
      get("/metrics", "Transfer-Encoding: chunked\r\n"), get("/metrics", "a b: c\r\n"),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0", "GET\r\n\r\n", "{\"command\":\"status\"}\n",
      "\u{16}\u{3}\u{1}hello",
    ] { #expect(try status(request) == 400, "\(request.debugDescription)") }
  }

  @Test("One answer a connection, whatever follows, and however a request is cut")
  func oneAnswer() throws {
    let one = try #require(try answer(to: [get("/healthz")]))
    #expect(try answer(to: [get("/healthz") + get("/metrics") + "\0garbage"]) == one)
    #expect(try answer(to: get("/healthz").map { "\($0 == "\r\n" ? "\r\n" : "\($0)")" }) == one)
    #expect(try answer(to: [get("/healthz"), String(repeating: "x", count: 20_000)]) == one)
    #expect(try answer(to: ["GET /healthz HTTP/1.1\r\nHost: a\r\n"]) == nil)
    #expect(try answer(to: [get("/healthz")], connections: 0) == nil)
  }

  @Test("No more than 8 KiB of a request are looked at: 431")
  func tooLong() throws {
    let long = "GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 8192)
    #expect(try status(long + "\r\n\r\n") == 431)
    #expect(try status("GET /" + String(repeating: "x", count: 100_000)) == 431)
    let many = String(repeating: "X: y\r\n", count: 1000)
    #expect([nil, 400, 431].contains(try status(get("/healthz", many + many))))
  }

  @Test("A connection lasts 5 seconds at most")
  func life() throws {
    let loop = EmbeddedEventLoop()
    let channel = EmbeddedChannel(loop: loop)
    try MonitoringHandler.add(
      to: channel, pages: MonitoringPages(metrics: { "" }, isReady: { true }),
      limits: MonitoringLimits(), count: MonitoringHandler.Count())
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    try channel.writeInbound(ByteBuffer(string: "GET /healthz"))
    loop.advanceTime(by: .milliseconds(4_999))
    #expect(channel.isActive)
    loop.advanceTime(by: .milliseconds(2))
    #expect(!channel.isActive)
  }
}
