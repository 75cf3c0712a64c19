"""What infra/ says: its Bicep read, evaluated and compared with the code and Azure's schemas."""
