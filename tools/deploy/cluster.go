package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// cluster is the manifests by kind.
type cluster struct {
	deployment appsv1.Deployment
	job        batchv1.Job
	account    corev1.ServiceAccount
	config     corev1.ConfigMap
	secret     corev1.Secret
	service    corev1.Service
	ingress    networkingv1.Ingress
	budget     policyv1.PodDisruptionBudget
	scaler     autoscalingv2.HorizontalPodAutoscaler
	policies   []networkingv1.NetworkPolicy
}

func sortOut(objects []runtime.Object) (c cluster) {
	for _, object := range objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			c.deployment = *o
		case *batchv1.Job:
			c.job = *o
		case *corev1.ServiceAccount:
			c.account = *o
		case *corev1.ConfigMap:
			c.config = *o
		case *corev1.Secret:
			c.secret = *o
		case *corev1.Service:
			c.service = *o
		case *networkingv1.Ingress:
			c.ingress = *o
		case *policyv1.PodDisruptionBudget:
			c.budget = *o
		case *autoscalingv2.HorizontalPodAutoscaler:
			c.scaler = *o
		case *networkingv1.NetworkPolicy:
			c.policies = append(c.policies, *o)
		}
	}
	return c
}

// checkCluster is for what no schema says: that the manifests mean each other.
func (l linter) checkCluster(ctx context.Context, image settings) error {
	objects, err := l.readManifests()
	if err != nil {
		return err
	}
	c := sortOut(objects)
	return errors.Join(
		c.checkPods(), c.checkNames(), c.checkSelectors(), c.checkProbes(),
		l.checkClusterSettings(ctx, c, image),
	)
}

func (l linter) checkClusterSettings(ctx context.Context, c cluster, image settings) error {
	const node, job = "kubernetes: deployment", "kubernetes: job"
	key := settings{"FLOWXI_KEYS": l.key}
	nodes := image.over(c.config.Data, c.secret.StringData, variables(c.deployment.Spec.Template.Spec))
	migration := image.over(c.secret.StringData, variables(c.job.Spec.Template.Spec))
	return errors.Join(
		l.refused(ctx, node, nodes),
		l.starts(ctx, node, nodes.over(key)),
		l.starts(ctx, job, migration.over(key)),
	)
}

func variables(pod corev1.PodSpec) settings {
	env := settings{}
	for _, v := range pod.Containers[0].Env {
		env[v.Name] = v.Value
	}
	return env
}

// checkPods is for the rights of what runs.
func (c cluster) checkPods() error {
	var failed error
	for where, pod := range map[string]corev1.PodSpec{
		"kubernetes: deployment": c.deployment.Spec.Template.Spec, "kubernetes: job": c.job.Spec.Template.Spec,
	} {
		s, of := pod.Containers[0].SecurityContext, pod.SecurityContext
		failed = errors.Join(failed, broken(where,
			rule{is(of.RunAsNonRoot) && of.RunAsUser != nil && *of.RunAsUser > 0, "it may run as root"},
			rule{of.SeccompProfile != nil && of.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault, "no system call is refused to it"},
			rule{is(s.ReadOnlyRootFilesystem), "the root is writable"},
			rule{no(s.AllowPrivilegeEscalation), "it may gain privileges"},
			rule{slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0, "it keeps capabilities"},
			rule{no(pod.AutomountServiceAccountToken), "it gets a token of the cluster"},
			rule{no(pod.EnableServiceLinks), "it gets variables such as FLOWXI_PORT, which Flowxi refuses"},
			rule{!pod.Containers[0].Resources.Limits.Memory().IsZero(), "its memory has no limit"},
			rule{pinned(pod.Containers[0].Image), "the image has no tag"},
		))
	}
	return failed
}

func is(b *bool) bool { return b != nil && *b }
func no(b *bool) bool { return b != nil && !*b }

// checkNames is for one manifest that names another.
func (c cluster) checkNames() error {
	pod, job := c.deployment.Spec.Template.Spec, c.job.Spec.Template.Spec
	var config, secrets []string
	for _, from := range slices.Concat(pod.Containers[0].EnvFrom, job.Containers[0].EnvFrom) {
		if from.ConfigMapRef != nil {
			config = append(config, from.ConfigMapRef.Name)
		}
		if from.SecretRef != nil {
			secrets = append(secrets, from.SecretRef.Name)
		}
	}
	target := c.scaler.Spec.ScaleTargetRef
	backend := c.ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	return broken("kubernetes",
		rule{slices.Equal(config, []string{c.config.Name}), "the deployment has not the settings of the config map"},
		rule{slices.Equal(secrets, []string{c.secret.Name, c.secret.Name}), "the deployment or the job has not the settings of the secret"},
		rule{pod.ServiceAccountName == c.account.Name && job.ServiceAccountName == c.account.Name, "the service account is another"},
		rule{pod.Containers[0].Image == job.Containers[0].Image, "the job migrates with another image than the one deployed"},
		rule{target.Kind == "Deployment" && target.APIVersion == "apps/v1" && target.Name == c.deployment.Name, "the autoscaler scales nothing"},
		rule{c.deployment.Spec.Replicas == nil, "the deployment and the autoscaler both set the number of nodes"},
		rule{backend.Name == c.service.Name && backend.Port.Name == c.service.Spec.Ports[0].Name, "the ingress leads nowhere"},
		rule{strings.HasSuffix(c.config.Data["FLOWXI_PUBLIC_URL"], "//"+c.ingress.Spec.Rules[0].Host), "the ingress has not the host of FLOWXI_PUBLIC_URL"},
	)
}

// checkSelectors is for labels that must be those of the nodes.
func (c cluster) checkSelectors() error {
	pod := labels.Set(c.deployment.Spec.Template.Labels)
	job := labels.Set(c.job.Spec.Template.Labels)
	var failed error
	for where, selector := range map[string]*metav1.LabelSelector{
		"deployment": c.deployment.Spec.Selector, "disruption budget": c.budget.Spec.Selector,
		"service": {MatchLabels: c.service.Spec.Selector},
	} {
		failed = errors.Join(failed, broken("kubernetes: "+where,
			rule{selects(selector, pod), "it does not select the nodes"},
			rule{!selects(selector, job), "it selects the migration as well"}))
	}
	for _, p := range c.policies {
		failed = errors.Join(failed, broken("kubernetes: network policy "+p.Name,
			rule{selects(&p.Spec.PodSelector, pod) && selects(&p.Spec.PodSelector, job), "it does not select the nodes and the migration"}))
	}
	for _, s := range c.deployment.Spec.Template.Spec.TopologySpreadConstraints {
		failed = errors.Join(failed, broken("kubernetes: spread by "+s.TopologyKey, rule{selects(s.LabelSelector, pod), "it does not select the nodes"}))
	}
	return failed
}

func selects(selector *metav1.LabelSelector, of labels.Set) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(of)
}

// checkProbes is for ports by name, and for the time that a node has to drain.
func (c cluster) checkProbes() error {
	pod := c.deployment.Spec.Template.Spec
	container := pod.Containers[0]
	ports := map[string]int32{}
	for _, p := range container.Ports {
		ports[p.Name] = p.ContainerPort
	}
	used := map[string]bool{c.service.Spec.Ports[0].TargetPort.StrVal: true}
	for _, p := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		used[p.HTTPGet.Port.StrVal] = true
	}
	for _, p := range c.policies {
		for _, in := range p.Spec.Ingress {
			used[in.Ports[0].Port.StrVal] = true
		}
	}
	return broken("kubernetes: deployment",
		rule{maps.Equal(used, map[string]bool{"http": true, "ops": true}), "a probe, the service or a policy names another port than http or ops"},
		rule{ports["http"] == 8080 && ports["ops"] == 9090, "the ports are not those that the image and the settings name"},
		rule{pod.TerminationGracePeriodSeconds != nil && *pod.TerminationGracePeriodSeconds > int64(drain.Seconds()), "a node is killed before it may have drained"},
		rule{container.StartupProbe.HTTPGet.Path == "/livez" && container.LivenessProbe.HTTPGet.Path == "/livez" && container.ReadinessProbe.HTTPGet.Path == "/readyz",
			"a node is ended in the midst of its migrations, or gets requests before they are done"},
		rule{c.deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() == 0, "a rollout takes nodes away before others are ready"},
	)
}
