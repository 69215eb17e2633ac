// Stands in for the AWS provider: its blocks of credentials, and task definitions that the AWS CLI registers with them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

func main() {
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: provider})
}

// The options and variables with which this provider calls the AWS CLI.
type client struct {
	options []string
	vars    []string
}

func (c client) call(ctx context.Context, words ...string) (map[string]any, error) {
	aws := exec.CommandContext(ctx, "aws", append(append([]string{}, c.options...), words...)...)
	aws.Env = append(os.Environ(), c.vars...)
	aws.Stderr = &strings.Builder{}
	said, err := aws.Output()
	if err != nil {
		return nil, fmt.Errorf("aws %v: %w: %s", words, err, aws.Stderr)
	}
	answer := map[string]any{}
	return answer, json.Unmarshal(said, &answer)
}

func provider() *schema.Provider {
	text := func() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Optional: true} }
	list := func() *schema.Schema {
		return &schema.Schema{Type: schema.TypeList, Optional: true, Elem: &schema.Schema{Type: schema.TypeString}}
	}
	yes := func() *schema.Schema { return &schema.Schema{Type: schema.TypeBool, Optional: true} }
	block := func(names ...string) *schema.Schema {
		parts := map[string]*schema.Schema{}
		for _, name := range names {
			parts[name] = text()
		}
		return &schema.Schema{Type: schema.TypeList, Optional: true, Elem: &schema.Resource{Schema: parts}}
	}
	return &schema.Provider{
		Schema: map[string]*schema.Schema{
			"region":                        text(),
			"profile":                       text(),
			"access_key":                    text(),
			"secret_key":                    text(),
			"token":                         text(),
			"allowed_account_ids":           list(),
			"shared_config_files":           list(),
			"shared_credentials_files":      list(),
			"skip_requesting_account_id":    yes(),
			"assume_role":                   block("role_arn", "session_name", "external_id"),
			"assume_role_with_web_identity": block("role_arn", "web_identity_token_file"),
			"endpoints":                     block("ecs", "sts", "iam"),
		},
		ResourcesMap:         map[string]*schema.Resource{"aws_ecs_task_definition": taskDefinition()},
		ConfigureContextFunc: configure,
	}
}

func configure(ctx context.Context, data *schema.ResourceData) (any, diag.Diagnostics) {
	own := client{}
	for option, name := range map[string]string{"--region": "region", "--profile": "profile", "--endpoint-url": "endpoints.0.ecs"} {
		if value, ok := data.GetOk(name); ok {
			own.options = append(own.options, option, value.(string))
		}
	}
	// The variable stands for credentials that nobody knows of.
	role := os.Getenv("STANDIN_ROLE_ARN")
	if declared, ok := data.GetOk("assume_role.0.role_arn"); ok {
		role = declared.(string)
	}
	if role != "" {
		answer, err := own.call(ctx, "sts", "assume-role", "--role-session-name", "terraform", "--role-arn", role)
		if err != nil {
			return nil, diag.FromErr(err)
		}
		keys := answer["Credentials"].(map[string]any)
		own.vars = []string{
			"AWS_ACCESS_KEY_ID=" + keys["AccessKeyId"].(string),
			"AWS_SECRET_ACCESS_KEY=" + keys["SecretAccessKey"].(string),
			"AWS_SESSION_TOKEN=" + keys["SessionToken"].(string),
		}
	}
	return own, nil
}

func taskDefinition() *schema.Resource {
	nothing := func(context.Context, *schema.ResourceData, any) diag.Diagnostics { return nil }
	create := func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		answer, err := meta.(client).call(ctx, "ecs", "register-task-definition", "--family", data.Get("family").(string),
			"--container-definitions", data.Get("container_definitions").(string))
		if err != nil {
			return diag.FromErr(err)
		}
		data.SetId(data.Get("family").(string))
		return diag.FromErr(data.Set("arn", answer["taskDefinition"].(map[string]any)["taskDefinitionArn"]))
	}
	must := func() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Required: true, ForceNew: true} }
	return &schema.Resource{
		Schema: map[string]*schema.Schema{
			"family":                must(),
			"container_definitions": must(),
			"arn":                   {Type: schema.TypeString, Computed: true},
		},
		CreateContext: create,
		ReadContext:   nothing,
		DeleteContext: nothing,
	}
}
