"""The stand-in's own tests, from this folder's parent: `python -m unittest discover -t . -s tests`. boto3 is the client."""
