import ByteStore
import Containers
public import TensorModel

extension Certificate {
  /// Reads the certificate at `path`, which every error names.
  /// - Throws: `missing` where it can't be read, `unsupported` where it is of another version, `malformed` where it is no
  ///   certificate, has a key twice or one that is not known, or states a digest that its own tensors do not have.
  public init(path: String, limits: Limits = Limits()) throws(ModelError) {
    self = try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      guard map.byteCount <= limits.headerBytes else {
        throw ModelError(.malformed, "\(map.byteCount) bytes, expected a certificate of at most \(limits.headerBytes)")
      }
      return try map.withBytes(0..<map.byteCount) { (bytes) throws(ModelError) in
        try CertificateParser.certificate(bytes, limits)
      }
    }
  }
}

/// Reads the parts of a certificate. Every key must be there, once.
private enum CertificateParser {
  static func certificate(_ bytes: RawSpan, _ limits: Limits) throws(ModelError) -> Certificate {
    var scanner = JSONScanner(bytes, maximumDepth: limits.jsonDepth)
    var version = false
    var (tool, verdict, tolerance): (String?, String?, Tolerance?)
    var renaming: [RenameRule]?
    var (a, b): (Certificate.Model?, Certificate.Model?)
    try members(&scanner, "a certificate") { (key, scanner) throws(ModelError) in
      // The version comes first, so that a later one is named as such whatever else it holds.
      guard version || key == "tare_certificate" else {
        throw ModelError(.malformed, "expected the key 'tare_certificate' first, found '\(key)'")
      }
      switch key {
      case "tare_certificate":
        try demandVersion(&scanner)
        version = true
      case "tare": tool = try text(&scanner, key)
      case "verdict": verdict = try text(&scanner, key)
      case "tolerance": tolerance = try value(&scanner, key) { (text) throws(ModelError) in try Tolerance(text) }
      case "renames":
        renaming = try list(&scanner, key) { (scanner) throws(ModelError) in
          try value(&scanner, key) { (text) throws(ModelError) in try RenameRule(text) }
        }
      case "a": a = try within("model a") { () throws(ModelError) in try model(&scanner, limits) }
      case "b": b = try within("model b") { () throws(ModelError) in try model(&scanner, limits) }
      default: throw ModelError(.malformed, "a certificate has no key '\(key)'")
      }
    }
    try scanner.end(of: "the certificate")
    let found = try demand(verdict, "verdict")
    var result = Certificate(tool: try demand(tool, "tare"), a: try demand(a, "a"))
    guard tolerance != nil || renaming != nil || b != nil else {
      guard found == result.verdict else {
        throw ModelError(.malformed, "verdict '\(found)' of one model, expected '\(result.verdict)'")
      }
      return result
    }
    guard let verdict = Verdict(rawValue: found) else {
      throw ModelError(.malformed, "verdict '\(found)' of two models, expected that of a comparison")
    }
    result.comparison = Certificate.Comparison(
      verdict: verdict, tolerance: try demand(tolerance, "tolerance"), renaming: try demand(renaming, "renames"),
      b: try demand(b, "b"))
    return result
  }

  private static func demandVersion(_ scanner: inout JSONScanner) throws(ModelError) {
    let offset = scanner.offset
    let version = try scanner.unsignedInteger("the version of the certificate")
    guard version == Certificate.version else {
      throw ModelError(
        .unsupported, "certificate of version \(version), this build reads version \(Certificate.version)", at: offset)
    }
  }

  private static func model(_ scanner: inout JSONScanner, _ limits: Limits) throws(ModelError) -> Certificate.Model {
    var (name, format): (String?, String?)
    var files: [FileDigests.File]?
    var digest: SHA256Digest?
    var tensors: [ValueDigests.Tensor]?
    let start = scanner.offset
    try members(&scanner, "a model") { (key, scanner) throws(ModelError) in
      switch key {
      case "name": name = try text(&scanner, key)
      case "format": format = try text(&scanner, key)
      case "files": files = try list(&scanner, key) { (scanner) throws(ModelError) in try file(&scanner) }
      case "values_sha256": digest = try sha256(&scanner, key)
      case "tensors":
        tensors = try list(&scanner, key) { (scanner) throws(ModelError) in try tensor(&scanner, limits) }
      default: throw ModelError(.malformed, "a model has no key '\(key)'")
      }
    }
    let values = ValueDigests(tensors: try demand(tensors, "tensors"))
    guard try demand(digest, "values_sha256") == values.sha256 else {
      throw ModelError(.malformed, "values_sha256 is not the digest of the tensors", at: start)
    }
    return Certificate.Model(
      name: try demand(name, "name"), format: try demand(format, "format"),
      files: FileDigests(files: try demand(files, "files")), values: values)
  }

  private static func file(_ scanner: inout JSONScanner) throws(ModelError) -> FileDigests.File {
    var path: String?
    var byteCount: Int?
    var digest: SHA256Digest?
    try members(&scanner, "a file") { (key, scanner) throws(ModelError) in
      switch key {
      case "path": path = try text(&scanner, key)
      case "bytes": byteCount = try integer(&scanner, key)
      case "sha256": digest = try sha256(&scanner, key)
      default: throw ModelError(.malformed, "a file has no key '\(key)'")
      }
    }
    return FileDigests.File(
      path: try demand(path, "path"), byteCount: try demand(byteCount, "bytes"), sha256: try demand(digest, "sha256"))
  }

  private static func tensor(_ scanner: inout JSONScanner, _ limits: Limits) throws(ModelError) -> ValueDigests.Tensor {
    var (name, dtype): (String?, String?)
    var shape: [Int]?
    var digest: SHA256Digest?
    try members(&scanner, "a tensor") { (key, scanner) throws(ModelError) in
      switch key {
      case "name": name = try text(&scanner, key)
      case "dtype": dtype = try text(&scanner, key)
      case "shape":
        shape = try list(&scanner, key, atMost: limits.rank) { (scanner) throws(ModelError) in
          try integer(&scanner, "a dimension")
        }
      case "sha256": digest = try sha256(&scanner, key)
      default: throw ModelError(.malformed, "a tensor has no key '\(key)'")
      }
    }
    return ValueDigests.Tensor(
      name: try demand(name, "name"), dtype: try demand(dtype, "dtype"), shape: try demand(shape, "shape"),
      sha256: try demand(digest, "sha256"))
  }
}

extension CertificateParser {
  /// Reads an object, each key once; errors of `body` without a place get that of the key.
  private static func members(
    _ scanner: inout JSONScanner, _ what: String, _ body: (String, inout JSONScanner) throws(ModelError) -> Void
  ) throws(ModelError) {
    var seen: Set<String> = []
    try scanner.beginObject(what)
    while let string = try scanner.nextKey() {
      let (key, offset) = (scanner.text(string), scanner.offset(of: string))
      guard seen.insert(key).inserted else {
        throw ModelError(.malformed, "the key '\(key)' comes twice", at: offset)
      }
      do throws(ModelError) {
        try body(key, &scanner)
      } catch {
        var error = error
        error.byteOffset = error.byteOffset ?? offset
        throw error
      }
    }
  }

  private static func list<Element>(
    _ scanner: inout JSONScanner, _ what: String, atMost limit: Int = .max,
    _ element: (inout JSONScanner) throws(ModelError) -> Element
  ) throws(ModelError) -> [Element] {
    var elements: [Element] = []
    try scanner.beginArray(what)
    while try scanner.nextElement() {
      guard elements.count < limit else {
        throw ModelError(.malformed, "more than \(limit) elements of '\(what)'", at: scanner.offset)
      }
      elements.append(try element(&scanner))
    }
    return elements
  }

  private static func text(_ scanner: inout JSONScanner, _ what: String) throws(ModelError) -> String {
    scanner.text(try scanner.string(what))
  }

  private static func integer(_ scanner: inout JSONScanner, _ what: String) throws(ModelError) -> Int {
    let offset = scanner.offset
    guard let value = Int(exactly: try scanner.unsignedInteger(what)) else {
      throw ModelError(.malformed, "'\(what)' is 2^63 or more", at: offset)
    }
    return value
  }

  private static func sha256(_ scanner: inout JSONScanner, _ what: String) throws(ModelError) -> SHA256Digest {
    try value(&scanner, what) { (text) throws(ModelError) in
      guard let digest = SHA256Digest(text) else {
        throw ModelError(.malformed, "'\(what)' is '\(text.shortened)', expected 64 lower-case hexadecimal digits")
      }
      return digest
    }
  }

  /// A string that means something; what is wrong with it is a fault of the file.
  private static func value<Value>(
    _ scanner: inout JSONScanner, _ what: String, _ read: (String) throws(ModelError) -> Value
  ) throws(ModelError) -> Value {
    let offset = scanner.offset
    let text = try text(&scanner, what)
    do throws(ModelError) {
      return try read(text)
    } catch {
      let message = error.code == .usage ? "'\(what)' is '\(text.shortened)': \(error.message)" : error.message
      throw ModelError(.malformed, message, at: offset)
    }
  }

  private static func demand<Value>(_ value: Value?, _ key: String) throws(ModelError) -> Value {
    guard let value else { throw ModelError(.malformed, "the key '\(key)' is missing") }
    return value
  }
}
