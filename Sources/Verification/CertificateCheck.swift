public import TensorModel

/// What came of holding one model, or two, against a certificate.
///
/// A model is as certified where it has the tensors that the certificate states: names, dtypes, shapes and the digests of
/// their elements. Its container and files need not be the same; whether they are is said.
public struct CertificateCheck: Sendable {
  /// A model, and what the certificate says of the one that it is held against.
  public struct Finding: Sendable {
    public var path: String
    public var format: String
    public var files: FileDigests
    /// `a` or `b`: the model of the certificate that it is held against, and its name there.
    public var certifiedAs: String
    public var certifiedName: String
    /// Whether the files have the same bytes, whatever their names.
    public var hasSameFiles: Bool
    /// Every tensor that model and certificate both have, in the order of the model, and whether it is as certified.
    public var tensors: [(name: String, isSame: Bool)]
    public var onlyInModel: [String]
    public var onlyInCertificate: [String]

    public var isCertified: Bool {
      onlyInModel.isEmpty && onlyInCertificate.isEmpty && tensors.allSatisfy(\.isSame)
    }
  }

  public var certificatePath: String
  public var certificate: Certificate
  public var findings: [Finding]

  /// `identical` or `different`.
  public var verdict: Verdict { findings.allSatisfy(\.isCertified) ? .identical : .different }

  /// Holds one model against whichever of the certificate's it resembles more, two against A and B in order.
  /// - Parameter models: the paths that were given, and what was found there.
  /// - Throws: `usage` for two models where the certificate is about one.
  public init(
    _ certificate: Certificate, path: String, _ models: [(path: String, model: Certificate.Model)]
  ) throws(ModelError) {
    certificatePath = path
    self.certificate = certificate
    guard models.count <= certificate.models.count else {
      throw ModelError(.usage, "the certificate is about one model, but there are two").inside(path)
    }
    findings = zip(models, certificate.models).map { model, recorded in
      let candidates = models.count == 1 ? certificate.models : [recorded]
      let findings = candidates.map { Finding(model.path, model.model, as: $0.key, $0.model) }
      return findings.min { ($0.faults, $0.hasSameFiles ? 0 : 1) < ($1.faults, $1.hasSameFiles ? 0 : 1) }!
    }
  }
}

extension CertificateCheck.Finding {
  init(_ path: String, _ model: Certificate.Model, as key: String, _ recorded: Certificate.Model) {
    self.path = path
    format = model.format
    files = model.files
    certifiedAs = key
    certifiedName = recorded.name
    hasSameFiles = model.files.files.map(\.sha256).sorted() == recorded.files.files.map(\.sha256).sorted()
    (tensors, onlyInModel, onlyInCertificate) = ([], [], [])
    // Of a name that comes back, those that are the same go together first.
    var rest = Dictionary(grouping: recorded.values.tensors) { Array($0.name.utf8) }
    var changed: Set<Int> = []
    for (index, tensor) in model.values.tensors.enumerated() {
      let name = Array(tensor.name.utf8)
      if let place = rest[name]?.firstIndex(of: tensor) { rest[name]?.remove(at: place) } else { changed.insert(index) }
    }
    for (index, tensor) in model.values.tensors.enumerated() {
      let name = Array(tensor.name.utf8)
      if !changed.contains(index) {
        tensors.append((tensor.name, true))
      } else if rest[name]?.popLast() != nil {
        tensors.append((tensor.name, false))
      } else {
        onlyInModel.append(tensor.name)
      }
    }
    for tensor in recorded.values.tensors where rest[Array(tensor.name.utf8)]?.popLast() != nil {
      onlyInCertificate.append(tensor.name)
    }
  }

  /// Tensors that are not as certified.
  fileprivate var faults: Int { onlyInModel.count + onlyInCertificate.count + tensors.filter { !$0.isSame }.count }
}

extension CertificateCheck {
  /// The report for a reader: a line for what is not as certified, at most `maxDifferences` of them, one for each model,
  /// then one with the verdict.
  public func text(maxDifferences: Int = 10) -> String {
    let faults = findings.flatMap(\.faultLines)
    var lines = Array(faults.prefix(max(0, maxDifferences)))
    if faults.count > lines.count { lines.append("… and \(faults.count - lines.count) more") }
    lines += findings.map(\.line)
    lines.append("\(verdict.rawValue): \(summary)")
    return lines.map { $0.escapedForDisplay + "\n" }.joined()
  }

  private var summary: String {
    guard verdict == .identical else { return "\(certificatePath) certifies something else" }
    guard let comparison = certificate.comparison else {
      return "what \(certificatePath) certifies, intact by tare \(certificate.tool)"
    }
    let names = "\(certificate.a.name) and \(comparison.b.name)"
    return "what \(certificatePath) certifies; \(names) were \(comparison.verdict.rawValue) "
      + "(\(comparison.tolerance)) by tare \(certificate.tool)"
  }

  /// The report as one JSON document; every tensor is in it.
  /// - Parameter version: the version of the tool, the value of the key `tare`.
  public func json(version: String) -> String {
    var text = JSONText()
    text.object { text in
      text.string("tare", version)
      text.string("verdict", verdict.rawValue)
      text.object("certificate") { text in
        text.string("path", certificatePath)
        text.string("tare", certificate.tool)
        text.string("verdict", certificate.verdict)
        text.optional("tolerance", certificate.comparison?.tolerance.description)
      }
      for (key, finding) in zip(["a", "b"], findings) { finding.write(to: &text, key) }
    }
    return text.text
  }
}

extension CertificateCheck.Finding {
  fileprivate var faultLines: [String] {
    tensors.filter { !$0.isSame }.map { "\($0.name): not as certified in \(path)" }
      + onlyInModel.map { "\($0): only in \(path)" } + onlyInCertificate.map { "\($0): not in \(path)" }
  }

  fileprivate var line: String {
    let model = "model \(certifiedAs) of the certificate, \(certifiedName)"
    guard isCertified else { return "\(path): \(faults.of("tensor")) not as in \(model)" }
    return "\(path): all \(tensors.count.of("tensor")) of \(model), in \(hasSameFiles ? "the same" : "another") file"
  }

  fileprivate func write(to text: inout JSONText, _ key: String) {
    text.object(key) { text in
      text.string("path", path)
      text.string("format", format)
      text.string("sha256", files.sha256.description)
      text.string("certified_as", certifiedAs)
      text.string("certified_name", certifiedName)
      text.bool("same_files", hasSameFiles)
      text.array("tensors") { text in
        for tensor in tensors {
          text.object { text in
            text.string("name", tensor.name)
            text.string("verdict", (tensor.isSame ? Verdict.identical : .different).rawValue)
          }
        }
      }
      text.array("only_in_model") { text in for name in onlyInModel { text.string(nil, name) } }
      text.array("only_in_certificate") { text in for name in onlyInCertificate { text.string(nil, name) } }
    }
  }
}
