/** Says before the first test what is missing, if something is: skipped tests alone tell nobody why. */
export default function announce(): void {
  if (process.env["KUBEBUILDER_ASSETS"] !== undefined || process.env["KUBECONFIG"] !== undefined) return;
  process.stderr.write(
    "test:cluster has nothing to run against: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or KUBECONFIG to a throw-away cluster's.\n",
  );
}
